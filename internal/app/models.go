package app

import (
	"path/filepath"

	"github.com/atelier-studio/atelier/internal/engines/models/library"
	"github.com/atelier-studio/atelier/internal/engines/models/llamacpp"
)

// openModels finds where foundation models lie. None is loaded before it is asked.
func (s *Server) openModels() {
	dir := filepath.Join(s.cfg.DataDir, "models")
	runtime := s.cfg.LlamaLibrary
	if runtime == "" {
		runtime = filepath.Join(dir, "runtime")
	}
	getenv := s.cfg.Getenv
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	s.llama = llamacpp.New(llamacpp.Config{Library: runtime})
	s.models = library.New(library.Config{Dir: dir, File: s.cfg.Models, Runtime: s.llama, Getenv: getenv})
}
