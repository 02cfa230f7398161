package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// answer is how much is read of what an address answers.
const answer = 64 << 10

// Outward is a client for addresses that users name. It follows no redirects, and does not reach addresses that are this
// machine's alone: the link's (where clouds tell credentials), and the machine itself unless Loopback says so.
type Outward struct {
	client *http.Client
}

var errAddress = errors.New("address may not be called")

// NewTransport carries requests to addresses that users name, and not to those that Outward does not reach.
func NewTransport(loopback bool) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return errAddress
		}
		ip := at.Addr().Unmap()
		if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || ip.IsInterfaceLocalMulticast() || ip.IsLoopback() && !loopback {
			return fmt.Errorf("%w: %s", errAddress, ip)
		}
		return nil
	}}
	return &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}
}

// NewOutward makes the client.
func NewOutward(loopback bool) *Outward {
	transport := NewTransport(loopback)
	transport.ResponseHeaderTimeout = 15 * time.Second
	return &Outward{&http.Client{Timeout: 15 * time.Second, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Call sends a request and gives the answer's status and the beginning of its body. An answer that is no success is an error;
// those of 4xx, but for 408 and 429, are permanent when strict says so.
func (o *Outward) Call(ctx context.Context, method, url string, header http.Header, body []byte, strict bool) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, Permanent(err)
	}
	for name, v := range header {
		r.Header[http.CanonicalHeaderKey(name)] = v
	}
	a, err := o.client.Do(r)
	if errors.Is(err, errAddress) {
		return nil, Permanent(err)
	}
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(io.LimitReader(a.Body, answer))
	if err != nil {
		return nil, err
	}
	if a.StatusCode >= 200 && a.StatusCode < 300 {
		return b, nil
	}
	err = &StatusError{a.StatusCode}
	if strict && a.StatusCode >= 400 && a.StatusCode < 500 && a.StatusCode != http.StatusRequestTimeout && a.StatusCode != http.StatusTooManyRequests {
		err = Permanent(err)
	}
	return b, err
}

// StatusError is an answer that is no success.
type StatusError struct{ Status int }

// Error tells the status.
func (e *StatusError) Error() string { return fmt.Sprintf("the address answered %d", e.Status) }

// ErrorCode is the status as a code.
func (e *StatusError) ErrorCode() string { return fmt.Sprint(e.Status) }
