package image

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// loaded is a model of a multi-model container.
type loaded struct {
	Name  string `json:"modelName"`
	URL   string `json:"modelUrl"`
	model learn.Model
}

// load loads one of many models.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html
func (s *server) load(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"model_name"`
		URL  string `json:"url"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil || in.Name == "" {
		http.Error(w, "the request is not understood", http.StatusBadRequest)
		return
	}
	rest, below := strings.CutPrefix(in.URL, filepath.Join(s.dir, "models")+"/")
	if !below || !filepath.IsLocal(rest) {
		http.Error(w, "the url leads out of the models' directory", http.StatusBadRequest)
		return
	}
	if _, there := s.many.Load(in.Name); there {
		http.Error(w, "the model is loaded", http.StatusConflict)
		return
	}
	m, err := s.algorithm.Load(in.URL, s.env)
	if errors.Is(err, os.ErrNotExist) {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if limit, _ := strconv.ParseInt(s.env["ATELIER_MODELS_MEMORY"], 10, 64); limit > 0 && s.size()+m.Size() > limit {
		http.Error(w, "there is no room", http.StatusInsufficientStorage)
		return
	}
	s.many.Store(in.Name, loaded{in.Name, in.URL, m})
}

// size is what all models take, in bytes.
func (s *server) size() (n int64) {
	s.many.Range(func(_, v any) bool {
		n += v.(loaded).model.Size()
		return true
	})
	return n
}

func (s *server) named(w http.ResponseWriter, r *http.Request) (loaded, bool) {
	v, ok := s.many.Load(r.PathValue("name"))
	if !ok {
		http.Error(w, "the model is not loaded", http.StatusNotFound)
		return loaded{}, false
	}
	return v.(loaded), true
}

func (s *server) list(w http.ResponseWriter, _ *http.Request) {
	list := []loaded{}
	s.many.Range(func(_, v any) bool {
		list = append(list, v.(loaded))
		return true
	})
	slices.SortFunc(list, func(a, b loaded) int { return strings.Compare(a.Name, b.Name) })
	answer(w, map[string]any{"models": list})
}

func (s *server) show(w http.ResponseWriter, r *http.Request) {
	if m, ok := s.named(w, r); ok {
		answer(w, m)
	}
}

func (s *server) unload(w http.ResponseWriter, r *http.Request) {
	if m, ok := s.named(w, r); ok {
		s.many.Delete(m.Name)
		runtime.GC() // its memory is wanted
	}
}

func (s *server) invokeOne(w http.ResponseWriter, r *http.Request) {
	if m, ok := s.named(w, r); ok {
		predict(m.model, w, r)
	}
}
