package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

const scikitImage = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"

// tarball is a compressed archive of one file.
func tarball(name string, content []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))})
	if err == nil {
		_, err = w.Write(content)
	}
	err = errors.Join(err, w.Close(), z.Close())
	return b.Bytes(), err
}

// scikit serves the same model of scikit-learn by Atelier, MLflow and BentoML.
func (b *servingBench) scikit(ctx context.Context) error {
	script, err := os.ReadFile("test/bench/sklearn/model.py")
	if err != nil {
		return err
	}
	packed, err := tarball("model.py", script)
	if err != nil {
		return err
	}
	code, err := b.put(ctx, "code/sourcedir.tar.gz", packed)
	if err != nil {
		return err
	}
	if err := b.model(ctx, "scikit", scikitImage, "", map[string]string{"sagemaker_program": `"model.py"`, "sagemaker_submit_directory": `"` + code + `"`},
		map[string]string{"SAGEMAKER_PROGRAM": "model.py", "SAGEMAKER_SUBMIT_DIRECTORY": code, "SAGEMAKER_MODEL_SERVER_WORKERS": "2"}); err != nil {
		return err
	}
	if err := b.deploy(ctx, "scikit", "scikit", nil); err != nil {
		return err
	}
	rows := make([][]float64, 4)
	for i := range rows {
		for j := range 20 {
			rows[i] = append(rows[i], float64(i-j)/7)
		}
	}
	body := func(name string) []byte {
		var v any = rows
		if name != "" {
			v = map[string]any{name: rows}
		}
		out, _ := json.Marshal(v) // numbers can be written
		return out
	}
	past, err := b.direct("application/json", body(""))
	if err != nil {
		return err
	}
	peers, stop, err := b.peers(ctx)
	defer stop()
	if err != nil {
		return err
	}
	ways := []way{b.invoked("scikit", "application/json", body("")), past}
	for _, p := range peers {
		ways = append(ways, way{p.name, newServer(p.name, p.address, nil), func() *http.Request { return posted("http://"+p.address+p.path, "application/json", body(p.member)) }})
	}
	return b.compare(ctx, "scikit-learn", ways...)
}

// peer is another server of the model.
type peer struct{ name, address, path, member string }

// peers starts MLflow's and BentoML's own servers, with two workers each.
func (b *servingBench) peers(ctx context.Context) (list []peer, stop func(), err error) {
	var running []*exec.Cmd
	stop = func() {
		for _, c := range running {
			(&server{process: c}).stop()
		}
	}
	python, err := servingPython()
	if err != nil {
		return nil, stop, err
	}
	bin, env := filepath.Dir(python), []string{"BENTOML_HOME=" + filepath.Join(b.o.work, "bentoml"), "BENTOML_DO_NOT_TRACK=True"}
	saved := filepath.Join(b.o.work, "mlflow")
	c := exec.CommandContext(ctx, python, "test/bench/sklearn/peers.py", saved)
	c.Env = append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		return nil, stop, fmt.Errorf("%w\n%s", err, out)
	}
	for _, name := range []string{"MLflow", "BentoML"} {
		address, err := freePort()
		if err != nil {
			return nil, stop, err
		}
		host, port, _ := strings.Cut(address, ":")
		p, args := peer{name, address, "/invocations", "inputs"}, []string{filepath.Join(bin, "mlflow"), "models", "serve", "-m", saved, "-h", host, "-p", port, "--env-manager", "local", "-w", "2"}
		if name == "BentoML" {
			p.path, p.member = "/predict", "rows"
			args = []string{filepath.Join(bin, "bentoml"), "serve", "--working-dir", "test/bench/sklearn", "service:Bench", "--host", host, "-p", port}
		}
		path := append(env, "PATH="+bin+":"+os.Getenv("PATH"))
		c, err := spawn(ctx, address, path, args[0], args[1:]...)
		if err != nil {
			return nil, stop, err
		}
		running, list = append(running, c), append(list, p)
	}
	return list, stop, nil
}

// servingPython makes the Python environment of MLflow and BentoML.
func servingPython() (string, error) {
	at := filepath.Join(harness.Root(), ".cache", "bench-serving")
	python := filepath.Join(at, "bin", "python")
	if exec.Command(python, "-c", "import mlflow.sklearn, bentoml, sklearn").Run() == nil {
		return python, nil
	}
	for _, c := range [][]string{{"python3", "-m", "venv", at},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "test/bench/sklearn/requirements.txt"}} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("cannot install what is compared with: %w\n%s", err, out)
		}
	}
	return python, nil
}
