@rem The scripts of package.json begin with exec, by which a POSIX shell gives its place to them, so that npm's signals reach them. Here it starts them.
@%*
