package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/atelier-studio/atelier/internal/app"
	"github.com/atelier-studio/atelier/internal/platform/config"
)

// coverage asks a server for what it serves.
func coverage() ([]byte, error) {
	dir, err := os.MkdirTemp("", "atelier-docs-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	home, err := os.Getwd() // the objects' backend changes it
	if err != nil {
		return nil, err
	}
	c := config.Default()
	c.Listen, c.DataDir = "127.0.0.1:0", dir
	s, err := app.New(context.Background(), app.Config{Config: c, Version: "docs", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	list, err := s.Chain().Coverage()
	if e := s.Close(); err == nil {
		err = e
	}
	if e := os.Chdir(home); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("# Coverage\n\nThe operations that the server serves, generated from the server itself. Every other operation of these services is\nanswered with `NotImplemented` (501), by name. S3 is served by versitygw; see [known gaps](known-gaps.md).\n\n")
	b.WriteString("| Service | Served | Of |\n|---|---:|---:|\n")
	for _, v := range list {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", v.Service, len(v.Served), len(v.Served)+len(v.Missing))
	}
	for _, v := range list {
		if len(v.Served) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\nServed: %s.\n", v.Title, strings.Join(v.Served, ", "))
			if len(v.Missing) > 0 {
				fmt.Fprintf(&b, "\nNot yet: %s.\n", strings.Join(v.Missing, ", "))
			}
		}
	}
	return b.Bytes(), nil
}
