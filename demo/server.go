package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const region = "us-east-1"

// server is the demo's own.
type server struct {
	url, dir string
	process  *os.Process
	ended    chan error
}

// start starts the server with an empty data directory.
func (d *demo) start(ctx context.Context, listen, model string) (string, error) {
	dir, err := os.MkdirTemp("", "atelier-demo-")
	if err != nil {
		return "", err
	}
	args := []string{"serve", "--listen", listen, "--data-dir", dir}
	if model != "" {
		for _, step := range [][]string{{"models", "import", model, "--data-dir", dir, "--id", foundation, "--context", "2048", "--parallel", "4"}} {
			if out, err := exec.CommandContext(ctx, "bin/atelier", step...).CombinedOutput(); err != nil {
				return "", fmt.Errorf("atelier %s: %w\n%s", step[0], err, out)
			}
		}
		args = append(args, "--llama-library", filepath.Join(d.cache, "models", "runtime"))
	}
	key, secret := "AKIA"+random(8), random(20)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", err
	}
	defer log.Close()
	c := exec.Command("bin/atelier", args...)
	c.Env = append(os.Environ(), "ATELIER_ROOT_ACCESS_KEY_ID="+key, "ATELIER_ROOT_SECRET_ACCESS_KEY="+secret)
	c.Stderr = log
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the demo, which then stops the server
	out, err := c.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := c.Start(); err != nil {
		return "", err
	}
	s := &server{dir: dir, process: c.Process, ended: make(chan error, 1)}
	ready := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if _, url, ok := strings.Cut(lines.Text(), "atelier is ready at "); ok {
				ready <- strings.TrimSpace(url)
			}
		}
		s.ended <- c.Wait()
	}()
	d.server = s
	select {
	case s.url = <-ready:
	case err := <-s.ended:
		text, _ := os.ReadFile(filepath.Join(dir, "log"))
		d.server = nil
		return "", fmt.Errorf("the server ended: %w\n%s", err, text)
	case <-time.After(30 * time.Second):
		return "", errors.New("the server is not ready after 30 s")
	}
	d.m = caller{key: key, secret: secret, url: s.url}
	return s.url, nil
}

// stop stops the server and removes its data.
func (s *server) stop() error {
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.ended:
		return errors.Join(err, os.RemoveAll(s.dir))
	case <-time.After(time.Minute):
		return errors.New("the server does not stop")
	}
}

func random(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return strings.ToUpper(hex.EncodeToString(b))
}

// caller is somebody with a key.
type caller struct{ key, secret, token, url, account, arn string }

func (c caller) config() aws.Config {
	return aws.Config{Region: region, BaseEndpoint: aws.String(c.url), Credentials: credentials.NewStaticCredentialsProvider(c.key, c.secret, c.token)}
}

func (c caller) s3() *s3.Client {
	return s3.NewFromConfig(c.config(), func(o *s3.Options) { o.UsePathStyle = true })
}

func (c caller) environ(url string) []string {
	return []string{"AWS_ENDPOINT_URL=" + url, "AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_ACCESS_KEY_ID=" + c.key, "AWS_SECRET_ACCESS_KEY=" + c.secret}
}

const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// user makes a user with a policy and a key.
func (c caller) user(ctx context.Context, name, policy string) (caller, error) {
	client := iam.NewFromConfig(c.config())
	made, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	if err != nil {
		return caller{}, err
	}
	if _, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("work"), PolicyDocument: &policy}); err != nil {
		return caller{}, err
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		return caller{}, err
	}
	return caller{key: *key.AccessKey.AccessKeyId, secret: *key.AccessKey.SecretAccessKey, url: c.url, arn: *made.User.Arn, account: strings.Split(*made.User.Arn, ":")[4]}, nil
}

// role makes a role for a service, and returns its ARN.
func (c caller) role(ctx context.Context, name, service, statements string) (string, error) {
	client := iam.NewFromConfig(c.config())
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
	made, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		return "", err
	}
	_, err = client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("work"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)})
	return *made.Role.Arn, err
}

// accounts makes three, each with an administrator, and in C an analyst who may read and is nobody's administrator.
func (d *demo) accounts(ctx context.Context) (string, error) {
	root := d.m
	operator, err := root.user(ctx, "operator", everything) // a root user assumes no roles
	if err != nil {
		return "", err
	}
	orgs := organizations.NewFromConfig(root.config())
	if _, err := orgs.CreateOrganization(ctx, &organizations.CreateOrganizationInput{}); err != nil {
		return "", err
	}
	member := func(name string) (caller, error) {
		out, err := orgs.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: &name, Email: aws.String(name + "@example.com")})
		if err != nil {
			return caller{}, err
		}
		session, err := sts.NewFromConfig(operator.config()).AssumeRole(ctx, &sts.AssumeRoleInput{RoleSessionName: aws.String("demo"),
			RoleArn: aws.String("arn:aws:iam::" + *out.CreateAccountStatus.AccountId + ":role/OrganizationAccountAccessRole")})
		if err != nil {
			return caller{}, err
		}
		k := session.Credentials
		return caller{key: *k.AccessKeyId, secret: *k.SecretAccessKey, token: *k.SessionToken, url: root.url}.user(ctx, "admin", everything)
	}
	for name, into := range map[string]*caller{"main": &d.m, "producer": &d.p, "consumer": &d.c} {
		if *into, err = member(name); err != nil {
			return "", err
		}
	}
	d.analyst, err = d.c.user(ctx, "ana", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["glue:Get*","lakeformation:GetDataAccess","athena:*","s3:*"],"Resource":"*"}]}`)
	return fmt.Sprintf("M %s (domain), P %s (producer), C %s (consumer)", d.m.account, d.p.account, d.c.account), err
}
