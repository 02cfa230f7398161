package ecr

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

const (
	layerPath = "/_atelier/ecr/layer"
	// linkLife is how long the address of a layer is good. Those that were given before the server started are not.
	linkLife = time.Hour
)

func (s *Service) seal(digest string, until int64) string {
	m := hmac.New(sha256.New, s.links)
	fmt.Fprintf(m, "%s %d", digest, until)
	return hex.EncodeToString(m.Sum(nil))
}

// GetDownloadUrlForLayer gives an address from which a layer can be read without credentials, for an hour.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
func (s *Service) GetDownloadUrlForLayer(ctx context.Context, input *ecr.GetDownloadUrlForLayerInput) (*ecr.GetDownloadUrlForLayerOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	r, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	if _, err := s.layer(ctx, k, r, *input.LayerDigest); absent(err) {
		return nil, &types.LayersNotFoundException{Message: aws.String("The layer with digest '" + *input.LayerDigest + "' does not exist in the repository with name '" +
			k.ID + "' in the registry with id '" + k.Account + "'")}
	} else if err != nil {
		return nil, err
	}
	until := s.Clock.Now().Add(linkLife).Unix()
	q := url.Values{"digest": {*input.LayerDigest}, "until": {strconv.FormatInt(until, 10)}, "seal": {s.seal(*input.LayerDigest, until)}}
	return &ecr.GetDownloadUrlForLayerOutput{LayerDigest: input.LayerDigest, DownloadUrl: aws.String("http://" + wire.CallOf(ctx).Host + layerPath + "?" + q.Encode())}, nil
}

func (s *Service) getDownloadURLForLayerTargets(ctx context.Context, input *ecr.GetDownloadUrlForLayerInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// Pages serves the addresses of layers.
func (s *Service) Pages() map[string]http.Handler {
	return map[string]http.Handler{layerPath: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{Service: s, w: w, r: r}
		q := r.URL.Query()
		until, err := strconv.ParseInt(q.Get("until"), 10, 64)
		if err != nil || !hmac.Equal([]byte(s.seal(q.Get("digest"), until)), []byte(q.Get("seal"))) || s.Clock.Now().Unix() > until {
			x.tell(refuse(http.StatusForbidden, "DENIED", "The address is not valid any more."))
			return
		}
		if err := x.send(q.Get("digest")); err != nil {
			x.tell(err)
		}
	})}
}
