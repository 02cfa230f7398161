package s3

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// sourceHeader carries the client's address over the socket.
const sourceHeader = "X-Atelier-Source-Ip"

// buffers pools the copy buffers of responses.
type buffers struct{ pool sync.Pool }

// Get takes a buffer.
func (b *buffers) Get() []byte { return *b.pool.Get().(*[]byte) }

// Put gives it back.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }

// newTransport connects to the socket.
func newTransport(socket string) *http.Transport {
	var dialer net.Dialer
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		},
		MaxIdleConns: 256, MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute,
		DisableCompression: true, ExpectContinueTimeout: 10 * time.Second,
		ReadBufferSize: 16 << 10, WriteBufferSize: 16 << 10,
	}
}

// newProxy streams requests to the socket. Host, path and query go through as they came, since they are signed.
func newProxy(transport *http.Transport, log *slog.Logger) http.Handler {
	return &httputil.ReverseProxy{
		Transport:     transport,
		BufferPool:    &buffers{sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}},
		FlushInterval: -1,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", "s3"
			p.Out.URL.RawQuery = p.In.URL.RawQuery
			p.Out.Host = p.In.Host
			// Of a body without a length the gateway may leave the end unread, which the connection's next request would begin with.
			p.Out.Close = p.In.ContentLength < 0
			for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if v, ok := p.In.Header[name]; ok {
					p.Out.Header[name] = v // may be signed
				}
			}
			ip, _, err := net.SplitHostPort(p.In.RemoteAddr)
			if err != nil {
				ip = ""
			}
			p.Out.Header.Set(sourceHeader, ip)
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				log.Error("cannot reach S3", "error", err)
			}
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>ServiceUnavailable</Code>` +
				`<Message>Please reduce your request rate.</Message></Error>`))
		},
	}
}
