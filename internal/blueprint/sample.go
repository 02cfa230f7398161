package blueprint

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/atelier-studio/atelier/blueprints"
	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/blazingtext"
)

// SampleModel puts a small model for a start into the assets: BlazingText's, which judges reviews, learned in a moment from the samples.
// It is fastText's format, which BlazingText's image serves on AWS too.
func (c *Client) SampleModel(ctx context.Context, bucket string) (key string, err error) {
	dir, err := os.MkdirTemp("", "atelier-sample-")
	if err != nil {
		return "", fmt.Errorf("cannot make the sample's model: %w", err)
	}
	defer os.RemoveAll(dir)
	data, to := filepath.Join(dir, "data"), filepath.Join(dir, "model")
	lines, err := fs.ReadFile(blueprints.Samples(), "reviews.train.txt")
	if err != nil {
		return "", err
	}
	for _, d := range []string{data, to} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return "", fmt.Errorf("cannot make the sample's model: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(data, "reviews.txt"), lines, 0o600); err != nil {
		return "", fmt.Errorf("cannot make the sample's model: %w", err)
	}
	how := map[string]string{"mode": "supervised", "epochs": "40", "learning_rate": "0.5", "vector_dim": "16", "min_count": "1", "word_ngrams": "1"}
	if err := blazingtext.New(learn.Limits{}).Train(ctx, learn.Channels{"train": {Dir: data}}, how, nil, to); err != nil {
		return "", fmt.Errorf("cannot make the sample's model: %w", err)
	}
	packed, err := pack(to)
	if err != nil {
		return "", fmt.Errorf("cannot make the sample's model: %w", err)
	}
	key = "models/sample-reviews/model.tar.gz"
	return key, c.put(ctx, bucket, key, "application/gzip", packed)
}

// pack makes a .tar.gz of a directory's files.
func pack(dir string) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	t := tar.NewWriter(z)
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		if err := t.WriteHeader(&tar.Header{Name: e.Name(), Mode: 0o644, Size: int64(len(b))}); err != nil {
			return nil, err
		}
		if _, err := t.Write(b); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
