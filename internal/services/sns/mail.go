package sns

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/smtp"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
)

// letter is the text of a message for a mailbox.
func (s *Service) letter(ctx context.Context, x parcel) (subject, body string, err error) {
	if subject = x.Message.Subject; subject == "" {
		subject = "AWS Notification Message"
	}
	if x.Type == confirmation {
		subject = "AWS Notification - Subscription Confirmation"
	}
	if x.Protocol == "email-json" {
		b, err := s.enveloped(ctx, x)
		return subject, string(b), err
	}
	if x.Type == confirmation {
		return subject, "You have chosen to subscribe to the topic:\n" + topicARN(x.Message.Topic) +
			"\n\nTo confirm this subscription, open the following address. If this was in error no action is necessary.\n" + x.subscribeURL() + "\n", nil
	}
	return subject, x.Message.Body + "\n\n--\nIf you wish to stop receiving notifications from this topic, open the following address:\n" + x.unsubscribeURL() + "\n", nil
}

// mail sends a message to a mailbox through the configured server.
func (s *Service) mail(ctx context.Context, x parcel) error {
	at, err := url.Parse(s.Mail)
	if err != nil || s.Mail == "" {
		return delivery.Permanent(errors.New("no mail server is configured"))
	}
	subject, body, err := s.letter(ctx, x)
	if err != nil {
		return err
	}
	from := at.Query().Get("from")
	var b strings.Builder
	name := mime.QEncoding.Encode("utf-8", strings.Map(plain, x.DisplayName))
	if name == "" {
		name = "AWS Notifications"
	}
	for _, h := range [][2]string{{"From", `"` + strings.ReplaceAll(name, `"`, "") + `" <` + from + ">"}, {"To", x.Endpoint},
		{"Subject", mime.QEncoding.Encode("utf-8", strings.Map(plain, subject))}, {"Date", s.Clock.Now().Format(time.RFC1123Z)},
		{"Message-ID", "<" + x.Message.ID + "@" + domain(from) + ">"}, {"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"}} {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write([]byte(body)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return letterTo(ctx, at, from, x.Endpoint, b.String())
}

func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// plain takes what would end a header out of it.
func plain(c rune) rune {
	if c < ' ' || c == 0x7f {
		return ' '
	}
	return c
}

// letterTo hands a letter to the server. It is encrypted when the server can.
func letterTo(ctx context.Context, at *url.URL, from, to, text string) error {
	host, address := at.Hostname(), at.Host
	if at.Port() == "" {
		address = net.JoinHostPort(host, map[string]string{"smtp": "25", "smtps": "465"}[at.Scheme])
	}
	raw, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("cannot reach the mail server: %w", err)
	}
	defer raw.Close()
	if end, ok := ctx.Deadline(); ok {
		_ = raw.SetDeadline(end) // a connection that has none is ended with the process
	}
	if at.Scheme == "smtps" {
		raw = tls.Client(raw, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
	}
	c, err := smtp.NewClient(raw, host)
	if err != nil {
		return fmt.Errorf("cannot reach the mail server: %w", err)
	}
	if ok, _ := c.Extension("STARTTLS"); ok && at.Scheme == "smtp" {
		if err := c.StartTLS(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}); err != nil {
			return fmt.Errorf("cannot encrypt for the mail server: %w", err)
		}
	}
	if at.User != nil {
		password, _ := at.User.Password()
		if err := c.Auth(smtp.PlainAuth("", at.User.Username(), password, host)); err != nil {
			return errors.New("cannot sign in at the mail server")
		}
	}
	for _, step := range []func() error{func() error { return c.Mail(from) }, func() error { return c.Rcpt(to) }} {
		if err := step(); err != nil {
			return refusedMail(err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return refusedMail(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return refusedMail(err)
	}
	_ = c.Quit() // the letter is with the server already
	return nil
}

// refusedMail marks what the server refuses for good.
func refusedMail(err error) error {
	var e *textproto.Error
	if errors.As(err, &e) && e.Code >= 500 {
		return delivery.Permanent(err)
	}
	return err
}
