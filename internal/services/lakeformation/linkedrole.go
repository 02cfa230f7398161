package lakeformation

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
)

const (
	host             = "lakeformation.amazonaws.com"
	linkedRoleName   = "AWSServiceRoleForLakeFormationDataAccess"
	linkedPolicyName = "LakeFormationDataAccessPolicyForS3"
)

// linkedRoleARN names the role that Lake Formation has for locations without one of their own.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/service-linked-roles.html
func linkedRoleARN(account string) string {
	return "arn:aws:iam::" + account + ":role/aws-service-role/" + host + "/" + linkedRoleName
}

// makeLinkedRole has IAM make the role, as the caller, when it is not there.
func (s *Service) makeLinkedRole(ctx context.Context) error {
	call := wire.CallOf(ctx)
	there := func() (bool, error) {
		var err error
		viewed := s.Store.View(ctx, func(tx *store.Tx) error {
			_, err = s.Directory.Roles.Get(tx, identity.NameKey(call.Account(), linkedRoleName))
			return nil
		})
		if errors.Is(err, store.ErrNotFound) {
			return false, viewed
		}
		return err == nil, errors.Join(viewed, err)
	}
	if ok, err := there(); ok || err != nil {
		return err
	}
	_, err := iam.NewFromConfig(s.Clients(call.Principal, call.Region)).CreateServiceLinkedRole(ctx,
		&iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String(host)})
	if err == nil {
		return nil
	}
	if ok, _ := there(); ok { // another call was faster
		return nil
	}
	var refused smithy.APIError
	if errors.As(err, &refused) && strings.HasPrefix(refused.ErrorCode(), "AccessDenied") {
		return denied("%s", refused.ErrorMessage())
	}
	return err
}

// writeLinkedPolicy lets the role at the locations that are registered with it, in all regions, and at nothing else.
func (s *Service) writeLinkedPolicy(tx *store.Tx, account string) error {
	rows, err := s.Ledger.Locations.List(tx, store.Range{Account: account, AllRegions: true})
	if err != nil {
		return err
	}
	var objects, buckets []string
	for _, row := range rows {
		if r := row.Value; r.ServiceLinked {
			bucket, _, _ := strings.Cut(r.Path, "/")
			objects = append(objects, "arn:aws:s3:::"+literal(r.Path)+"/*")
			buckets = append(buckets, "arn:aws:s3:::"+bucket)
		}
	}
	k := identity.NameKey(account, linkedRoleName)
	role, err := s.Directory.Roles.Get(tx, k)
	if err != nil {
		return absent(err, invalid("The service-linked role is not there."))
	}
	inline := map[string]string{}
	if len(objects) > 0 {
		document, err := json.Marshal(policy{Version: policyVersion, Statement: []statement{
			{Sid: "LakeFormationDataAccessPermissionsForS3", Effect: "Allow", Action: append(append([]string{}, readActions...), writeActions...), Resource: objects},
			{Sid: "LakeFormationDataAccessPermissionsForS3ListBucket", Effect: "Allow", Action: []string{"s3:ListBucket", "s3:ListBucketMultipartUploads"}, Resource: buckets}}})
		if err != nil {
			return err
		}
		inline[linkedPolicyName] = string(document)
	}
	role.Inline = inline
	return s.Directory.Roles.Put(tx, k, role)
}
