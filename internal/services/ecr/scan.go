package ecr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// scanState is what a scan found. There is no database of vulnerabilities here, so that a scan tells which packages are in an image.
type scanState struct {
	Status   types.ScanStatus
	Reason   string `json:",omitempty"`
	Ended    time.Time
	Packages []software `json:",omitempty"`
}

// nothingKnown is said with every scan, so that nobody takes the lack of findings for the lack of vulnerabilities.
const nothingKnown = "This server has no vulnerability data: findings list the packages of the image, not their vulnerabilities."

func (s *scanState) status() *types.ImageScanStatus {
	d := s.Reason
	if s.Status == types.ScanStatusComplete {
		d = "The scan was completed successfully. " + nothingKnown
	}
	return &types.ImageScanStatus{Status: s.Status, Description: &d}
}

func (s *scanState) counts() map[string]int32 {
	if len(s.Packages) == 0 {
		return map[string]int32{}
	}
	return map[string]int32{string(types.FindingSeverityInformational): int32(len(s.Packages))}
}

// scanned names an image that is to be scanned.
type scanned struct {
	Key    store.Key
	ID     string // of the repository
	Digest string
}

// beginScan has an image scanned. The image is put by the caller.
func (s *Service) beginScan(tx *store.Tx, k store.Key, r repository, p *picture) error {
	p.Scan = &scanState{Status: types.ScanStatusInProgress}
	_, err := tx.Enqueue(scanJob, scanned{k, r.ID, p.Digest})
	return err
}

// StartImageScan begins to look into an image.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html
func (s *Service) StartImageScan(ctx context.Context, input *ecr.StartImageScanInput) (*ecr.StartImageScanOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	var p picture
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.standing(tx, k)
		if err != nil {
			return err
		}
		if p, err = s.look(tx, k, r, *input.ImageId); absent(err) {
			return noImage(k, *input.ImageId)
		} else if err != nil {
			return err
		}
		if len(p.Children) > 0 {
			return &types.UnsupportedImageTypeException{Message: aws.String("The image is an index: scan one of its images.")}
		}
		if p.Scan != nil && p.Scan.Status == types.ScanStatusInProgress {
			return nil
		}
		if err := s.beginScan(tx, k, r, &p); err != nil {
			return err
		}
		return s.images.Put(tx, r.row(k, p.Digest), p)
	})
	if err != nil {
		return nil, err
	}
	return &ecr.StartImageScanOutput{RegistryId: &k.Account, RepositoryName: &k.ID, ImageId: &types.ImageIdentifier{ImageDigest: &p.Digest, ImageTag: input.ImageId.ImageTag},
		ImageScanStatus: p.Scan.status()}, nil
}

func (s *Service) startImageScanTargets(ctx context.Context, input *ecr.StartImageScanInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// DescribeImageScanFindings tells what a scan found: each package of the image, as a finding of severity INFORMATIONAL.
func (s *Service) DescribeImageScanFindings(ctx context.Context, input *ecr.DescribeImageScanFindingsInput) (*ecr.DescribeImageScanFindingsOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	var p picture
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		r, err := s.standing(tx, k)
		if err != nil {
			return err
		}
		if p, err = s.look(tx, k, r, *input.ImageId); absent(err) {
			return noImage(k, *input.ImageId)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.Scan == nil {
		return nil, &types.ScanNotFoundException{Message: aws.String(fmt.Sprintf("Image scan does not exist for the image with '{imageDigest:'%s', imageTag:'%s'}' in the repository with name '%s' in the registry with id '%s'",
			orNull(input.ImageId.ImageDigest), orNull(input.ImageId.ImageTag), k.ID, k.Account))}
	}
	out := &ecr.DescribeImageScanFindingsOutput{RegistryId: &k.Account, RepositoryName: &k.ID, ImageId: &types.ImageIdentifier{ImageDigest: &p.Digest, ImageTag: input.ImageId.ImageTag},
		ImageScanStatus: p.Scan.status()}
	if p.Scan.Status != types.ScanStatusComplete {
		return out, nil
	}
	list, next, err := page(ctx, p.Scan.Packages, software.key, input.MaxResults, input.NextToken)
	if err != nil {
		return nil, err
	}
	out.NextToken = next
	out.ImageScanFindings = &types.ImageScanFindings{ImageScanCompletedAt: &p.Scan.Ended, FindingSeverityCounts: p.Scan.counts(), Findings: []types.ImageScanFinding{}}
	for _, w := range list {
		out.ImageScanFindings.Findings = append(out.ImageScanFindings.Findings, types.ImageScanFinding{Name: aws.String(w.Kind + ":" + w.Name), Severity: types.FindingSeverityInformational,
			Description: aws.String("The image has this package. " + nothingKnown), Attributes: []types.Attribute{
				{Key: aws.String("package_name"), Value: &w.Name}, {Key: aws.String("package_version"), Value: &w.Version}}})
	}
	return out, nil
}

func (s *Service) describeImageScanFindingsTargets(ctx context.Context, input *ecr.DescribeImageScanFindingsInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// runScan looks into an image.
func (s *Service) runScan(ctx context.Context, x scanned) error {
	_, err := jobs.Step(ctx, "scan", func(ctx context.Context) (string, error) {
		r := repository{ID: x.ID}
		var p picture
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			p, err = s.images.Get(tx, r.row(x.Key, x.Digest))
			return err
		}); absent(err) {
			return "", nil // it was deleted meanwhile
		} else if err != nil {
			return "", err
		}
		found := scanState{Status: types.ScanStatusComplete}
		var err error
		if found.Packages, err = s.packages(ctx, p); err != nil {
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			found.Status, found.Reason = types.ScanStatusFailed, err.Error()
			if errors.Is(err, errUnreadable) {
				found.Status = types.ScanStatusUnsupportedImage
			}
		}
		found.Ended = s.Clock.Now()
		return string(found.Status), s.Store.Update(ctx, func(tx *store.Tx) error {
			p, err := s.images.Get(tx, r.row(x.Key, x.Digest))
			if absent(err) {
				return nil
			}
			if err != nil {
				return err
			}
			p.Scan = &found
			if err := s.images.Put(tx, r.row(x.Key, x.Digest), p); err != nil {
				return err
			}
			return s.scanTold(tx, x.Key, p)
		})
	})
	return err
}

func (s *Service) scanTold(tx *store.Tx, k store.Key, p picture) error {
	b, err := json.Marshal(map[string]any{"scan-status": p.Scan.Status, "repository-name": k.ID, "image-digest": p.Digest, "image-tags": append([]string{}, p.Tags...),
		"finding-severity-counts": p.Scan.counts()})
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.ecr", DetailType: "ECR Image Scan", Account: k.Account, Region: k.Region, Resources: []string{repositoryARN(k)}, Detail: b})
}
