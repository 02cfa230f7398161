package sns

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // what version 1 of the signature asks for
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

const (
	// certificatePath is where the certificate of the signatures is served.
	certificatePath = "/_atelier/sns/"
	certificateLife = 20 * 365 * 24 * time.Hour
	signerOf        = "sns"
)

var signerKey = store.Key{ID: "signer"}

// signerRow is the key that signs, sealed, and its certificate.
type signerRow struct{ Sealed, Certificate []byte }

// signer signs messages.
type signer struct {
	key         *rsa.PrivateKey
	certificate []byte // PEM
	name        string // of the certificate's page
}

// sign gives the signer, which is made with the first message that needs a signature.
func (s *Service) sign(ctx context.Context) (*signer, error) {
	s.signing.Lock()
	defer s.signing.Unlock()
	if s.signer != nil {
		return s.signer, nil
	}
	var row signerRow
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		row, err = s.signers.Get(tx, signerKey)
		return err
	})
	if absent(err) {
		if row, err = s.newSigner(); err == nil {
			err = s.Store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return s.signers.Put(tx, signerKey, row) })
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the key of signatures: %w", err)
	}
	der, err := s.Directory.Unseal(row.Sealed, signerOf)
	if err != nil {
		return nil, fmt.Errorf("cannot read the key of signatures: %w", err)
	}
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("cannot read the key of signatures: %w", err)
	}
	sum := sha256.Sum256(row.Certificate)
	s.signer = &signer{key, row.Certificate, "SimpleNotificationService-" + hex.EncodeToString(sum[:16]) + ".pem"}
	return s.signer, nil
}

func (s *Service) newSigner() (row signerRow, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return row, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return row, err
	}
	now := s.Clock.Now()
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "sns.amazonaws.com", Organization: []string{"Atelier"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife), KeyUsage: x509.KeyUsageDigitalSignature, DNSNames: []string{"sns.amazonaws.com"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return row, err
	}
	row.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	row.Sealed = s.Directory.Seal(x509.MarshalPKCS1PrivateKey(key), signerOf)
	return row, nil
}

// certificate serves the certificate, which is no secret.
func (s *Service) certificate(w http.ResponseWriter, r *http.Request) {
	g, err := s.sign(r.Context())
	if err != nil {
		http.Error(w, "the certificate cannot be read", http.StatusInternalServerError)
		return
	}
	if r.URL.Path != certificatePath+g.name {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(g.certificate)
}

// signature signs what is to be signed of a message: its fields in order of name, those that are there.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
func (g *signer) signature(version string, fields ...string) (string, error) {
	var b strings.Builder
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i] == "Subject" && fields[i+1] == "" {
			continue
		}
		b.WriteString(fields[i] + "\n" + fields[i+1] + "\n")
	}
	var out []byte
	var err error
	if version == "2" {
		sum := sha256.Sum256([]byte(b.String()))
		out, err = rsa.SignPKCS1v15(nil, g.key, crypto.SHA256, sum[:])
	} else {
		sum := sha1.Sum([]byte(b.String())) //nolint:gosec // what version 1 asks for
		out, err = rsa.SignPKCS1v15(nil, g.key, crypto.SHA1, sum[:])
	}
	return base64.StdEncoding.EncodeToString(out), err
}
