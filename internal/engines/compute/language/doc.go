// Package language finds interpreters on this machine and installs packages for them, so that programs in sandboxes have what images
// would bring: each installation once, in a directory of its own that is whole or absent.
package language
