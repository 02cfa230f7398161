package lambda

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// layer is one version of a layer. The row of number 0 counts the versions.
type layer struct {
	Name          string
	Number        int64
	Last          int64  `json:",omitempty"` // of the counter
	Code          string // sum of the archive
	SHA256        string
	Size          int64
	Unpacked      int64
	Description   string `json:",omitempty"`
	License       string `json:",omitempty"`
	Runtimes      []types.Runtime
	Architectures []types.Architecture
	Created       time.Time
	Policy        string `json:",omitempty"`
	Revision      string `json:",omitempty"` // of the policy
}

func layerKey(k store.Key, number int64) store.Key {
	k.ID = fmt.Sprintf("%s/%019d", k.ID, number)
	return k
}

func layerARN(k store.Key) string {
	name, number, _ := strings.Cut(k.ID, "/")
	at := arn.New("lambda", k.Region, k.Account, "layer:"+name)
	if n := strings.TrimLeft(number, "0"); n != "" {
		at += ":" + n
	}
	return at
}

// layerNamed reads a layer's name or ARN, which may have a version.
func layerNamed(ctx context.Context, text string) (k store.Key, number int64, err error) {
	call := wire.CallOf(ctx)
	k = store.Key{Account: call.Account(), Region: call.Region, ID: text}
	if !strings.HasPrefix(text, "arn:") {
		return k, 0, nil
	}
	a, err := arn.Parse(text)
	name, ok := strings.CutPrefix(a.Resource, "layer:")
	if err != nil || !ok || a.Service != "lambda" {
		return k, 0, invalid("%s is not a layer's ARN.", text)
	}
	k.Account, k.Region = a.Account, a.Region
	k.ID, text, ok = strings.Cut(name, ":")
	if ok {
		if number, err = strconv.ParseInt(text, 10, 64); err != nil || number < 1 {
			return k, 0, invalid("%s is not a layer version's ARN.", text)
		}
	}
	return k, number, nil
}

// onLayer names a version of a layer for authorization, with its policy.
func (s *Service) onLayer(ctx context.Context, name *string, number int64, action string) ([]wire.Target, error) {
	k, given, err := layerNamed(ctx, aws.ToString(name))
	if err != nil {
		return nil, err
	}
	if number == 0 {
		number = given
	}
	at := layerKey(k, number)
	t := wire.Target{Action: action, Resource: layerARN(at), Account: k.Account}
	l, ok, err := s.layer(ctx, at)
	if err == nil && ok && l.Policy != "" {
		t.Policy, err = s.parsed(t.Resource, l.Policy)
	}
	return []wire.Target{t}, err
}

func (s *Service) layer(ctx context.Context, at store.Key) (l layer, ok bool, err error) {
	err = s.image.Read(ctx, func() { l, ok = s.layers.Rows()[at] })
	return l, ok, err
}

// layerTargets are the layers that a function is given: the caller must be allowed to get each.
func (s *Service) layerTargets(ctx context.Context, layers []string) (list []wire.Target) {
	for _, text := range layers {
		if t, err := s.onLayer(ctx, &text, 0, "lambda:GetLayerVersion"); err == nil { // one that is malformed the handler refuses
			list = append(list, t...)
		}
	}
	return list
}

// stack gives a version its layers.
func (s *Service) stack(ctx context.Context, v *version, layers []string) error {
	if len(layers) > maxLayers {
		return invalid("Cannot reference more than %d layers.", maxLayers)
	}
	v.Layers, v.LayerCode, v.LayerSizes = nil, nil, nil
	for _, text := range layers {
		k, number, err := layerNamed(ctx, text)
		if err != nil {
			return err
		}
		if number == 0 {
			return invalid("%s is not a layer version's ARN.", text)
		}
		for _, has := range v.Layers {
			if strings.HasPrefix(*has.Arn, layerARN(k)+":") {
				return invalid("Two different versions of the same layer are not allowed to be referenced in the same function. %s and %s are versions of the same layer.", text, *has.Arn)
			}
		}
		l, ok, err := s.layer(ctx, layerKey(k, number))
		if err != nil {
			return err
		}
		if !ok {
			return invalid("Layer version %s does not exist.", text)
		}
		v.Layers = append(v.Layers, types.Layer{Arn: &text, CodeSize: l.Size})
		v.LayerCode, v.LayerSizes = append(v.LayerCode, l.Code), append(v.LayerSizes, l.Unpacked)
	}
	return nil
}

// PublishLayerVersion makes a version of a layer.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
func (s *Service) PublishLayerVersion(ctx context.Context, in *lambda.PublishLayerVersionInput) (*lambda.PublishLayerVersionOutput, error) {
	k, _, err := layerNamed(ctx, *in.LayerName)
	if err != nil {
		return nil, err
	}
	c, err := s.fetch(ctx, source{in.Content.ZipFile, in.Content.S3Bucket, in.Content.S3Key, in.Content.S3ObjectVersion})
	if err != nil {
		return nil, err
	}
	defer s.shelf.release(c.Sum)
	l := layer{Name: k.ID, Code: c.Sum, SHA256: c.base64(), Size: c.Size, Unpacked: c.Unpacked, Description: aws.ToString(in.Description),
		License: aws.ToString(in.LicenseInfo), Runtimes: in.CompatibleRuntimes, Architectures: in.CompatibleArchitectures, Created: wire.CallOf(ctx).Time}
	if err := s.Store.Update(ctx, func(tx *store.Tx) error {
		counter, err := s.layers.Get(tx, layerKey(k, 0))
		if err != nil && !absent(err) {
			return err
		}
		counter.Name, counter.Last = k.ID, counter.Last+1
		l.Number = counter.Last
		if err := s.layers.Put(tx, layerKey(k, 0), counter); err != nil {
			return err
		}
		return s.layers.Insert(tx, layerKey(k, l.Number), l)
	}); err != nil {
		return nil, err
	}
	g := s.layerOutput(ctx, k, l)
	return &lambda.PublishLayerVersionOutput{CompatibleArchitectures: g.CompatibleArchitectures, CompatibleRuntimes: g.CompatibleRuntimes, Content: g.Content,
		CreatedDate: g.CreatedDate, Description: g.Description, LayerArn: g.LayerArn, LayerVersionArn: g.LayerVersionArn, LicenseInfo: g.LicenseInfo, Version: g.Version}, nil
}

func (s *Service) publishLayerTargets(ctx context.Context, in *lambda.PublishLayerVersionInput) ([]wire.Target, error) {
	return s.onLayer(ctx, in.LayerName, 0, "")
}

func (s *Service) layerOutput(ctx context.Context, k store.Key, l layer) *lambda.GetLayerVersionOutput {
	return &lambda.GetLayerVersionOutput{CompatibleArchitectures: l.Architectures, CompatibleRuntimes: l.Runtimes, Description: &l.Description,
		CreatedDate: aws.String(l.Created.UTC().Format(timeForm)), LayerArn: aws.String(layerARN(k)), LayerVersionArn: aws.String(layerARN(layerKey(k, l.Number))),
		LicenseInfo: optional(l.License), Version: l.Number,
		Content: &types.LayerVersionContentOutput{CodeSha256: &l.SHA256, CodeSize: l.Size, Location: s.location(ctx, l.Code)}}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// GetLayerVersion tells of a version of a layer, and where it is to be had for a while.
func (s *Service) GetLayerVersion(ctx context.Context, in *lambda.GetLayerVersionInput) (*lambda.GetLayerVersionOutput, error) {
	return s.getLayer(ctx, *in.LayerName, *in.VersionNumber)
}

func (s *Service) getLayer(ctx context.Context, name string, number int64) (*lambda.GetLayerVersionOutput, error) {
	k, given, err := layerNamed(ctx, name)
	if err != nil {
		return nil, err
	}
	if number == 0 {
		number = given
	}
	l, ok, err := s.layer(ctx, layerKey(k, number))
	if err != nil {
		return nil, err
	}
	if !ok || number == 0 {
		return nil, missing("The resource you requested does not exist.")
	}
	return s.layerOutput(ctx, k, l), nil
}

func (s *Service) getLayerTargets(ctx context.Context, in *lambda.GetLayerVersionInput) ([]wire.Target, error) {
	return s.onLayer(ctx, in.LayerName, *in.VersionNumber, "")
}

// GetLayerVersionByArn is GetLayerVersion by ARN.
func (s *Service) GetLayerVersionByArn(ctx context.Context, in *lambda.GetLayerVersionByArnInput) (*lambda.GetLayerVersionByArnOutput, error) {
	g, err := s.getLayer(ctx, *in.Arn, 0)
	if err != nil {
		return nil, err
	}
	return &lambda.GetLayerVersionByArnOutput{CompatibleArchitectures: g.CompatibleArchitectures, CompatibleRuntimes: g.CompatibleRuntimes, Content: g.Content,
		CreatedDate: g.CreatedDate, Description: g.Description, LayerArn: g.LayerArn, LayerVersionArn: g.LayerVersionArn, LicenseInfo: g.LicenseInfo, Version: g.Version}, nil
}

func (s *Service) getLayerByARNTargets(ctx context.Context, in *lambda.GetLayerVersionByArnInput) ([]wire.Target, error) {
	return s.onLayer(ctx, in.Arn, 0, "lambda:GetLayerVersion")
}

// DeleteLayerVersion removes a version of a layer. Functions that have it keep it.
func (s *Service) DeleteLayerVersion(ctx context.Context, in *lambda.DeleteLayerVersionInput) (*lambda.DeleteLayerVersionOutput, error) {
	k, _, err := layerNamed(ctx, *in.LayerName)
	if err != nil {
		return nil, err
	}
	if *in.VersionNumber < 1 {
		return nil, invalid("Layer Version Cannot be less than 1.")
	}
	if err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.layers.DeleteIf(tx, layerKey(k, *in.VersionNumber)) }); err != nil {
		return nil, err
	}
	return &lambda.DeleteLayerVersionOutput{}, nil
}

func (s *Service) deleteLayerTargets(ctx context.Context, in *lambda.DeleteLayerVersionInput) ([]wire.Target, error) {
	return s.onLayer(ctx, in.LayerName, *in.VersionNumber, "")
}

// fits tells whether a layer is for a runtime and an architecture. One that names none is for any.
func (l layer) fits(runtime types.Runtime, arch types.Architecture) bool {
	return (runtime == "" || slices.Contains(l.Runtimes, runtime)) && (arch == "" || slices.Contains(l.Architectures, arch))
}

// versionsOf lists the versions of layers, the newest first.
func (s *Service) versionsOf(ctx context.Context, match func(store.Key, layer) bool) (list []types.LayerVersionsListItem, err error) {
	err = s.image.Read(ctx, func() {
		for at, l := range s.layers.Rows() {
			if l.Number > 0 && match(at, l) {
				list = append(list, types.LayerVersionsListItem{CompatibleArchitectures: l.Architectures, CompatibleRuntimes: l.Runtimes, Description: &l.Description,
					CreatedDate: aws.String(l.Created.UTC().Format(timeForm)), LayerVersionArn: aws.String(layerARN(at)), LicenseInfo: optional(l.License), Version: l.Number})
			}
		}
	})
	slices.SortFunc(list, func(a, b types.LayerVersionsListItem) int { return int(b.Version - a.Version) })
	return list, err
}

// ListLayerVersions lists the versions of a layer.
func (s *Service) ListLayerVersions(ctx context.Context, in *lambda.ListLayerVersionsInput) (*lambda.ListLayerVersionsOutput, error) {
	k, _, err := layerNamed(ctx, *in.LayerName)
	if err != nil {
		return nil, err
	}
	list, err := s.versionsOf(ctx, func(at store.Key, l layer) bool {
		return at.Account == k.Account && at.Region == k.Region && l.Name == k.ID && l.fits(in.CompatibleRuntime, in.CompatibleArchitecture)
	})
	if err != nil {
		return nil, err
	}
	out := &lambda.ListLayerVersionsOutput{}
	newest := func(v types.LayerVersionsListItem) string { return fmt.Sprintf("%019d", 1<<62-v.Version) }
	out.LayerVersions, out.NextMarker, err = page(ctx, list, newest, in.MaxItems, in.Marker)
	return out, err
}

func (s *Service) listLayerVersionsTargets(ctx context.Context, in *lambda.ListLayerVersionsInput) ([]wire.Target, error) {
	return s.onLayer(ctx, in.LayerName, 0, "")
}

// ListLayers lists layers with the newest version of each.
func (s *Service) ListLayers(ctx context.Context, in *lambda.ListLayersInput) (*lambda.ListLayersOutput, error) {
	call := wire.CallOf(ctx)
	versions, err := s.versionsOf(ctx, func(at store.Key, l layer) bool {
		return at.Account == call.Account() && at.Region == call.Region && l.fits(in.CompatibleRuntime, in.CompatibleArchitecture)
	})
	if err != nil {
		return nil, err
	}
	had := map[string]bool{}
	var list []types.LayersListItem
	for _, v := range versions {
		at := (*v.LayerVersionArn)[:strings.LastIndexByte(*v.LayerVersionArn, ':')]
		if had[at] {
			continue
		}
		had[at] = true
		list = append(list, types.LayersListItem{LayerArn: &at, LayerName: aws.String(at[strings.LastIndexByte(at, ':')+1:]), LatestMatchingVersion: &v})
	}
	slices.SortFunc(list, func(a, b types.LayersListItem) int { return strings.Compare(*a.LayerName, *b.LayerName) })
	out := &lambda.ListLayersOutput{}
	out.Layers, out.NextMarker, err = page(ctx, list, func(l types.LayersListItem) string { return *l.LayerName }, in.MaxItems, in.Marker)
	return out, err
}

// parsed is a resource's policy, parsed once.
func (s *Service) parsed(resource, document string) (*authz.Policy, error) {
	type parsed struct {
		document string
		policy   *authz.Policy
	}
	if p, ok := s.policies.Load(resource); ok && p.(parsed).document == document {
		return p.(parsed).policy, nil
	}
	p, err := authz.ParseResource([]byte(document))
	if err != nil {
		return nil, err
	}
	p.ID = resource
	s.policies.Store(resource, parsed{document, p})
	return p, nil
}
