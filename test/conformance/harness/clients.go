package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Python returns the interpreter of <root>/.venv, which holds what test/conformance/python/requirements.txt names. It
// makes the environment when it isn't there.
func Python() (string, error) {
	return environment(".venv", "python", "import boto3, awscli, awswrangler, pyathena, pyiceberg, sqlalchemy")
}

// DBT returns dbt of <root>/.cache/dbt, which holds what test/conformance/dbt/requirements.txt names. It makes the
// environment when it isn't there.
func DBT() (string, error) {
	python, err := environment(filepath.Join(".cache", "dbt"), "dbt", "import dbt.adapters.athena")
	return filepath.Join(filepath.Dir(python), "dbt"), err
}

// Learn returns the interpreter of <root>/.cache/learn, which holds what test/conformance/learn/requirements.txt names. It makes
// the environment when it isn't there.
func Learn() (string, error) {
	return environment(filepath.Join(".cache", "learn"), "learn", "import fasttext, sklearn, xgboost")
}

// SageMaker returns the interpreter of <root>/.cache/sagemaker2 or sagemaker3, which holds a line of the SageMaker SDK for Python as
// test/conformance/python/sagemaker2 or sagemaker3 names it. It makes the environment when it isn't there.
func SageMaker(line int) (string, error) {
	name := fmt.Sprint("sagemaker", line)
	check := map[int]string{2: "import sagemaker.estimator", 3: "import sagemaker.core"}[line]
	return environment(filepath.Join(".cache", name), filepath.Join("python", name), check)
}

// environment returns the interpreter of an environment with the requirements of a directory of test/conformance. It is
// made when the check fails in it.
func environment(at, of, check string, options ...string) (string, error) {
	venv := filepath.Join(Root(), at)
	python := filepath.Join(venv, "bin", "python")
	return python, once(filepath.Join(Root(), ".cache", filepath.Base(of)+".lock"), func() error {
		if exec.Command(python, "-c", check).Run() == nil {
			return nil
		}
		if err := run(Root(), "python3", "-m", "venv", venv); err != nil {
			return err
		}
		return run(Root(), python, append([]string{"-m", "pip", "install", "-q", "--disable-pip-version-check", "-r",
			filepath.Join(Root(), "test", "conformance", of, "requirements.txt")}, options...)...)
	})
}

// AWS returns the AWS CLI of the Python environment.
func AWS() (string, error) {
	_, err := Python()
	return filepath.Join(Root(), ".venv", "bin", "aws"), err
}

// NodeDir returns the directory whose scripts find the AWS SDK for JavaScript. It installs the SDK when it isn't there.
func NodeDir() (string, error) {
	dir := filepath.Join(Root(), "test", "conformance", "js")
	return dir, once(filepath.Join(Root(), ".cache", "js.lock"), func() error {
		if _, err := os.Stat(filepath.Join(dir, "node_modules", "@aws-sdk", "client-bedrock-runtime")); err == nil {
			return nil
		}
		return run(dir, "npm", "ci", "--no-audit", "--no-fund")
	})
}

// once keeps test processes that run at the same time from installing at the same time.
func once(lock string, f func() error) error {
	if err := os.MkdirAll(filepath.Dir(lock), 0o755); err != nil {
		return err
	}
	l, err := os.OpenFile(lock, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer l.Close() // and so unlocks
	if err := syscall.Flock(int(l.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	return f()
}

func run(dir, name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot run %s: %w\n%s", name, err, out)
	}
	return nil
}
