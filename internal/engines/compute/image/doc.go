// Package image makes of OCI images the root directories that programs run in. Images are hostile: whatever their layers hold, nothing
// outside of the directory is read, written or linked to, devices and privileges are left out, and what grows too large is refused.
//
// A root is made once for each digest, in a directory beside its place, and put there when it is whole: what a server that died has
// left is no root. Roots that nothing runs in are kept for the next time, until there are too many.
//
// https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md
package image
