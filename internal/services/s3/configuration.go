package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
)

// configuration is a bucket's document that versitygw does not know. missing is the error code when there is none;
// without one, empty is the answer.
type configuration struct{ param, root, missing, message, empty string }

const xmlns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`

var configurations = []configuration{
	{"lifecycle", "LifecycleConfiguration", "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", ""},
	{"encryption", "ServerSideEncryptionConfiguration", "", "", `<ServerSideEncryptionConfiguration` + xmlns +
		`><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>` +
		`<BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`},
	{"notification", "NotificationConfiguration", "", "", `<NotificationConfiguration` + xmlns + `/>`},
	{"publicAccessBlock", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration",
		"The public access block configuration was not found", ""},
	{"replication", "ReplicationConfiguration", "ReplicationConfigurationNotFoundError",
		"The replication configuration was not found", ""},
	{"logging", "BucketLoggingStatus", "", "", `<BucketLoggingStatus` + xmlns + `/>`},
	{"requestPayment", "RequestPaymentConfiguration", "", "", `<RequestPaymentConfiguration` + xmlns +
		`><Payer>BucketOwner</Payer></RequestPaymentConfiguration>`},
	{"accelerate", "AccelerateConfiguration", "", "", `<AccelerateConfiguration` + xmlns + `/>`},
}

// configure answers a request that versitygw has authenticated, we have allowed, and it has then called not implemented.
func (s *Service) configure(ctx fiber.Ctx, bucket string) error {
	args := ctx.RequestCtx().QueryArgs()
	for _, c := range configurations {
		if args.Has(c.param) {
			err := s.serve(ctx, c, bucket)
			var known s3err.S3Error
			if errors.As(err, &known) {
				id, host := utils.EnsureRequestIDs(ctx)
				ctx.Response().Header.SetContentType(fiber.MIMEApplicationXML)
				return ctx.Status(known.StatusCode()).Send(known.XMLBody(id, host))
			}
			return err
		}
	}
	return nil
}

func (s *Service) serve(ctx fiber.Ctx, c configuration, bucket string) error {
	ctx.Response().ResetBody()
	switch ctx.Method() {
	case fiber.MethodGet:
		data, err := s.backend.Document(bucket, c.param)
		switch {
		case errors.Is(err, fs.ErrNotExist) && c.missing != "":
			return s3err.APIError{Code: c.missing, Description: c.message, HTTPStatusCode: 404}
		case errors.Is(err, fs.ErrNotExist):
			data = []byte(c.empty)
		case err != nil:
			return err
		}
		ctx.Response().Header.SetContentType(fiber.MIMEApplicationXML)
		return ctx.Status(200).Send(data)
	case fiber.MethodPut:
		body := bytes.Clone(ctx.BodyRaw())
		if !wellFormed(body, c.root) {
			return s3err.GetAPIError(s3err.ErrMalformedXML)
		}
		if c.param == "notification" {
			n, err := readNotification(body)
			if err == nil && !strings.EqualFold(ctx.Get("x-amz-skip-destination-validation"), "true") {
				err = s.backend.validate(ctx.RequestCtx(), bucket, n)
			}
			if err != nil {
				return err
			}
		}
		ctx.Response().Header.SetContentType("")
		ctx.Status(200)
		return s.backend.change(bucket, func() error { return s.backend.PutDocument(bucket, c.param, body) })
	case fiber.MethodDelete:
		ctx.Status(204)
		return s.backend.change(bucket, func() error { return s.backend.DeleteDocument(bucket, c.param) })
	}
	return s3err.GetAPIError(s3err.ErrNotImplemented)
}

// wellFormed checks a document that is kept as it came: its root, and bounds on what readers of it will meet.
func wellFormed(body []byte, root string) bool {
	d := xml.NewDecoder(bytes.NewReader(body))
	depth, elements := 0, 0
	for {
		t, err := d.Token()
		if err == io.EOF {
			return elements > 0 && depth == 0
		}
		if err != nil {
			return false
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == 0 && (elements > 0 || t.Name.Local != root) {
				return false
			}
			depth++
			elements++
			if depth > 16 || elements > 50000 {
				return false
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			return false
		}
	}
}
