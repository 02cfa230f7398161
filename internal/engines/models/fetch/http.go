package fetch

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// HTTP is a file at a URL.
type HTTP struct {
	URL    string
	Token  string // "" for none; it goes to the URL's host alone
	Client *http.Client
}

var hexSum = regexp.MustCompile(`^"?([0-9a-f]{64})"?$`)

// Open asks for the rest of the file.
func (s HTTP) Open(ctx context.Context, offset int64, tag string) (Part, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		return Part{}, fmt.Errorf("cannot fetch: %w", err)
	}
	if s.Token != "" {
		r.Header.Set("Authorization", "Bearer "+s.Token)
	}
	r.Header.Set("Accept-Encoding", "identity")
	if offset > 0 && tag != "" {
		r.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
		r.Header.Set("If-Range", tag)
	}
	sum := ""
	client := *s.Client
	follow := client.CheckRedirect
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		// Hugging Face tells the hash before it sends us to where the file is.
		if m := hexSum.FindStringSubmatch(next.Response.Header.Get("X-Linked-Etag")); m != nil {
			sum = m[1]
		}
		if follow != nil {
			return follow(next, via)
		}
		if len(via) >= 10 {
			return fmt.Errorf("too many redirects")
		}
		return nil
	}
	a, err := client.Do(r)
	if err != nil {
		return Part{}, fmt.Errorf("cannot fetch: %w", err)
	}
	if m := hexSum.FindStringSubmatch(a.Header.Get("X-Linked-Etag")); m != nil {
		sum = m[1]
	}
	p := Part{Body: a.Body, Size: a.ContentLength, Tag: a.Header.Get("ETag"), SHA256: sum}
	switch a.StatusCode {
	case http.StatusOK:
		return p, nil
	case http.StatusPartialContent:
		// "bytes 100-199/200"
		from, rest, _ := strings.Cut(strings.TrimPrefix(a.Header.Get("Content-Range"), "bytes "), "-")
		_, size, _ := strings.Cut(rest, "/")
		if at, err := strconv.ParseInt(from, 10, 64); err != nil || at != offset {
			_ = a.Body.Close()
			return Part{}, fmt.Errorf("cannot fetch: the server sent another part than was asked for")
		}
		p.Offset = offset
		if p.Size, err = strconv.ParseInt(size, 10, 64); err != nil {
			p.Size = -1
		}
		return p, nil
	}
	_ = a.Body.Close()
	if a.StatusCode == http.StatusUnauthorized || a.StatusCode == http.StatusForbidden {
		return Part{}, fmt.Errorf("cannot fetch: the server answers %s; a model that must be asked for needs a token in HF_TOKEN", a.Status)
	}
	return Part{}, fmt.Errorf("cannot fetch: the server answers %s", a.Status)
}

// Hub is Hugging Face, or what speaks like it.
type Hub struct {
	Endpoint string // "https://huggingface.co"
	Token    string
	Client   *http.Client
}

var repository = regexp.MustCompile(`^[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}$`)

// File finds the file of a repository that is meant. name may be empty when the repository has one GGUF file only.
func (h Hub) File(ctx context.Context, repo, revision, name string) (HTTP, string, error) {
	if !repository.MatchString(repo) {
		return HTTP{}, "", fmt.Errorf("cannot fetch: %q is not owner/name of a repository", repo)
	}
	if revision == "" {
		revision = "main"
	}
	if name == "" {
		var err error
		if name, err = h.only(ctx, repo, revision); err != nil {
			return HTTP{}, "", err
		}
	}
	if path.Clean("/"+name) != "/"+name {
		return HTTP{}, "", fmt.Errorf("cannot fetch: %q is not the path of a file", name)
	}
	at, err := url.JoinPath(h.Endpoint, repo, "resolve", revision, name)
	if err != nil {
		return HTTP{}, "", fmt.Errorf("cannot fetch: %w", err)
	}
	return HTTP{URL: at, Token: h.Token, Client: h.Client}, name, nil
}

// only is the one GGUF file of a repository.
func (h Hub) only(ctx context.Context, repo, revision string) (string, error) {
	at, err := url.JoinPath(h.Endpoint, "api/models", repo, "revision", revision)
	if err != nil {
		return "", fmt.Errorf("cannot fetch: %w", err)
	}
	p, err := HTTP{URL: at, Token: h.Token, Client: h.Client}.Open(ctx, 0, "")
	if err != nil {
		return "", err
	}
	defer p.Body.Close()
	var info struct {
		Siblings []struct {
			Name string `json:"rfilename"`
		} `json:"siblings"`
	}
	if err := json.NewDecoder(io.LimitReader(p.Body, 16<<20)).Decode(&info); err != nil {
		return "", fmt.Errorf("cannot fetch: the list of files cannot be read: %w", err)
	}
	var found []string
	for _, s := range info.Siblings {
		if strings.HasSuffix(s.Name, ".gguf") {
			found = append(found, s.Name)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("cannot fetch: repository %s has %d GGUF files; name one of them: %s", repo, len(found), strings.Join(found[:min(len(found), 20)], ", "))
	}
	return found[0], nil
}
