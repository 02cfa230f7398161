// Package docker runs programs of images as containers of a Docker daemon on this machine. Programs without an image are left to another
// driver. A container has the network of a second one that does nothing, so that the server listens in it before the program starts; the server
// has to be root for that.
//
// https://docs.docker.com/reference/api/engine/version/v1.41/
package docker
