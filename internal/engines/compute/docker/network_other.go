//go:build !linux

package docker

import (
	"context"
	"net"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

type space struct{}

func enter(int) (*space, error) { return nil, compute.ErrUnsupported }

func (*space) close() {}

func (*space) listen(int) (net.Listener, error) { return nil, compute.ErrUnsupported }

func (*space) dial(context.Context, int) (net.Conn, error) { return nil, compute.ErrUnsupported }
