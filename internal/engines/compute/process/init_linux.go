package process

// #cgo CFLAGS: -O2 -Wall
import "C" // builds init_linux.c, a sandbox's first process, into every program that imports this package
