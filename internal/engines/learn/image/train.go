package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// Train trains what the files in dir, /opt/ml, ask for, and leaves the model in dir/model. What is wrong goes to
// dir/output/failure too, where who started the training reads it.
func Train(ctx context.Context, a learn.Algorithm, dir string, log io.Writer) error {
	err := train(ctx, a, dir, log)
	if err == nil {
		return nil
	}
	text := err.Error()
	var client *learn.ClientError
	if !errors.As(err, &client) {
		text = "AlgorithmError: " + text
	}
	_ = os.MkdirAll(filepath.Join(dir, "output"), 0o755)
	return errors.Join(err, os.WriteFile(filepath.Join(dir, "output", "failure"), []byte(text), 0o644))
}

func train(ctx context.Context, a learn.Algorithm, dir string, log io.Writer) error {
	var hyper map[string]string
	var config map[string]struct{ ContentType string }
	if err := read(filepath.Join(dir, "input/config/hyperparameters.json"), &hyper); err != nil {
		return err
	}
	if err := read(filepath.Join(dir, "input/config/inputdataconfig.json"), &config); err != nil {
		return err
	}
	if err := a.Validate(hyper); err != nil {
		return err
	}
	channels := learn.Channels{}
	for name, c := range config {
		channels[name] = learn.Channel{Dir: filepath.Join(dir, "input/data", filepath.Base(name)), ContentType: c.ContentType}
	}
	return a.Train(ctx, channels, hyper, func(line string) { _, _ = fmt.Fprintln(log, line) }, filepath.Join(dir, "model"))
}

func read(path string, v any) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", filepath.Base(path), err)
	}
	return nil
}
