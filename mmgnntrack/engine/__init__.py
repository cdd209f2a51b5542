"""From a command line to a Runner. The hooks are in a package of their own, which the registry imports."""
