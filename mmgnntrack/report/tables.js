/** Sorts by a column: figures from the best down at first, words from A; what has no figure comes last. */
function sortBy(header) {
  const table = header.closest('table'), index = header.cellIndex, body = table.tBodies[0];
  const words = header.classList.contains('words');
  const sorted = header.getAttribute('aria-sort');
  const down = sorted ? sorted === 'ascending' : !words;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
  header.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const key = (row) => words ? row.cells[index].textContent.trim() : row.cells[index].dataset.value;
  const rows = [...body.rows].sort((a, b) => {
    const [one, other] = [key(a), key(b)];
    if (one === '' || other === '') return (one === '') - (other === '');
    const order = words ? one.localeCompare(other, undefined, {numeric: true}) : one - other;
    return down ? -order : order;
  });
  body.append(...rows);
}
document.querySelectorAll('thead th').forEach((header) => header.addEventListener('click', () => sortBy(header)));
