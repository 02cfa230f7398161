// Package inside listens and connects by sockets that were made in a program's network. It has nothing where there are no such networks.
package inside
