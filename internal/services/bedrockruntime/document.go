package bedrockruntime

import (
	"bytes"
	"context"
	"image"
	_ "image/gif"  // pictures are checked by their headers
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/engines/papers"
)

// What a message may hold. Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html
const (
	maxDocument  = 4500 << 10 // bytes
	maxImage     = 3750 << 10
	maxImageSide = 8000 // pixels
)

// documentText writes a document for a model that reads text.
func documentText(ctx context.Context, at string, b types.DocumentBlock) (string, error) {
	var text string
	switch src := b.Source.(type) {
	case *types.DocumentSourceMemberBytes:
		if len(src.Value) > maxDocument {
			return "", invalid("The document at %s is larger than 4.5 MB.", at)
		}
		var err error
		if text, err = papers.Text(ctx, string(b.Format), src.Value); err != nil {
			return "", invalid("The document at %s could not be read: %s.", at, papers.Why(err))
		}
	case *types.DocumentSourceMemberText:
		text = src.Value
	case *types.DocumentSourceMemberContent:
		for _, c := range src.Value {
			if t, ok := c.(*types.DocumentContentBlockMemberText); ok {
				text = joined(text, t.Value)
			}
		}
	default:
		return "", invalid("The source of the document at %s is not supported: send its bytes.", at)
	}
	if strings.TrimSpace(text) == "" {
		return "", invalid("The document at %s has no text.", at)
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	head := "Document " + aws.ToString(b.Name) + ":\n"
	if b.Context != nil {
		head += *b.Context + "\n"
	}
	return head + text + "\n", nil
}

// picture checks an image.
func picture(at string, b types.ImageBlock) (*models.Image, error) {
	src, ok := b.Source.(*types.ImageSourceMemberBytes)
	if !ok {
		return nil, invalid("The source of the image at %s is not supported: send its bytes.", at)
	}
	if len(src.Value) > maxImage {
		return nil, invalid("The image at %s is larger than 3.75 MB.", at)
	}
	if b.Format == types.ImageFormatWebp {
		if len(src.Value) < 16 || string(src.Value[:4]) != "RIFF" || string(src.Value[8:12]) != "WEBP" {
			return nil, invalid("Could not process image at %s: it is not of format webp.", at)
		}
		return &models.Image{Type: "image/webp", Data: src.Value}, nil
	}
	c, kind, err := image.DecodeConfig(bytes.NewReader(src.Value))
	if err != nil || kind != string(b.Format) {
		return nil, invalid("Could not process image at %s: it is not of format %s.", at, b.Format)
	}
	if c.Width > maxImageSide || c.Height > maxImageSide {
		return nil, invalid("The image at %s is larger than 8000 pixels.", at)
	}
	return &models.Image{Type: "image/" + kind, Data: src.Value}, nil
}
