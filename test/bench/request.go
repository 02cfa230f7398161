package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

func form(s *server, service string, v url.Values) *http.Request {
	body := []byte(v.Encode())
	r, _ := http.NewRequest(http.MethodPost, s.url+"/", bytes.NewReader(body)) // the URL is ours
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.sign(r, service, hash(body))
	return r
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (s *server) sign(r *http.Request, service, payload string) {
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	cred := aws.Credentials{AccessKeyID: s.key, SecretAccessKey: s.secret}
	if err := signer.SignHTTP(context.Background(), cred, r, payload, service, "us-east-1", time.Now()); err != nil {
		panic(err) // the credentials are ours
	}
}

// do sends a request and reads the answer to its end.
func (s *server) do(r *http.Request) error {
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(b)))
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// call sends a request of a JSON protocol and reads the answer into out.
func (s *server) call(target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, _ := http.NewRequest(http.MethodPost, s.url+"/", bytes.NewReader(body)) // the URL is ours
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target)
	s.sign(r, "glue", hash(body))
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s: %s: %.300s", target, resp.Status, answer)
	}
	return json.Unmarshal(answer, out)
}
