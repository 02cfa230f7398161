package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The servers.
const (
	shared    = "atelier"
	s3Port    = "atelier, S3's own port"
	moto      = "moto"
	versitygw = "versitygw"
)

// benchmark is one case.
type benchmark struct {
	name    string
	workers int
	bytes   int      // of an object
	only    []string // servers; nil: all
	request func(s *server, worker, n int) *http.Request
}

var count atomic.Int64 // makes names that were never used

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func cases() []benchmark {
	api, objects := []string{shared, moto}, []string{shared, s3Port, moto, versitygw}
	small, large := make([]byte, 1<<10), make([]byte, 64<<20)
	_, _ = rand.Read(small) // never fails
	_, _ = rand.Read(large)
	var list []benchmark
	for _, workers := range []int{1, 16} {
		list = append(list,
			benchmark{"GetCallerIdentity", workers, 0, api, func(s *server, _, _ int) *http.Request {
				return form(s, "sts", url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}})
			}},
			benchmark{"CreateRole", workers, 0, api, func(s *server, _, _ int) *http.Request {
				return form(s, "iam", url.Values{"Action": {"CreateRole"}, "Version": {"2010-05-08"},
					"RoleName": {"r" + strconv.FormatInt(count.Add(1), 10)}, "AssumeRolePolicyDocument": {trust}})
			}},
			benchmark{"GetRole", workers, 0, api, func(s *server, _, _ int) *http.Request {
				return form(s, "iam", url.Values{"Action": {"GetRole"}, "Version": {"2010-05-08"}, "RoleName": {"bench"}})
			}},
			benchmark{"PutObject 1 KB", workers, len(small), objects, func(s *server, w, n int) *http.Request {
				return object(s, http.MethodPut, fmt.Sprintf("small/%d-%d", w, n%256), small)
			}},
			benchmark{"GetObject 1 KB", workers, len(small), objects, func(s *server, _, _ int) *http.Request {
				return object(s, http.MethodGet, "small/0-0", nil)
			}})
	}
	// Changes that wait together share a sync, so their rate grows with the number of clients.
	create := list[1]
	create.workers = 64
	return append(list, create,
		benchmark{"PutObject 64 MB", 2, len(large), objects, func(s *server, w, _ int) *http.Request {
			return object(s, http.MethodPut, fmt.Sprintf("large/%d", w), large)
		}},
		benchmark{"GetObject 64 MB", 2, len(large), objects, func(s *server, _, _ int) *http.Request {
			return object(s, http.MethodGet, "large/0", nil)
		}})
}

func form(s *server, service string, v url.Values) *http.Request {
	body := []byte(v.Encode())
	r, _ := http.NewRequest(http.MethodPost, s.url+"/", bytes.NewReader(body)) // the URL is ours
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.sign(r, service, hash(body))
	return r
}

// object makes a request for an object. Large bodies are not hashed: that would measure the client.
func object(s *server, method, key string, body []byte) *http.Request {
	var reader io.Reader
	payload := hash(nil)
	if body != nil {
		reader = bytes.NewReader(body)
		payload = "UNSIGNED-PAYLOAD"
		if len(body) < 1<<20 {
			payload = hash(body)
		}
	}
	r, _ := http.NewRequest(method, s.url+"/bench/"+key, reader) // the URL is ours
	r.Header.Set("X-Amz-Content-Sha256", payload)
	s.sign(r, "s3", payload)
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

// measure runs the case for a while and tells how many requests were answered per second.
func (c *benchmark) measure(ctx context.Context, s *server, d time.Duration) (float64, error) {
	var wg sync.WaitGroup
	var done atomic.Int64
	failed := make(chan error, c.workers)
	start := time.Now()
	for w := range c.workers {
		wg.Go(func() {
			for n := 0; time.Since(start) < d && ctx.Err() == nil; n++ {
				r := c.request(s, w, n)
				if err := s.do(r); err != nil {
					failed <- err
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	select {
	case err := <-failed:
		return 0, err
	default:
	}
	return float64(done.Load()) / took.Seconds(), ctx.Err()
}
