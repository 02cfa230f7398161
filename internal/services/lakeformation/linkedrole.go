package lakeformation

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
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

// linkedRoleTargets asks IAM whether the caller may make the role, when it is not there, and write its policy.
func (s *Service) linkedRoleTargets(ctx context.Context) ([]wire.Target, error) {
	account := wire.CallOf(ctx).Account()
	arn := linkedRoleARN(account)
	out := []wire.Target{{Resource: "*"}, {Action: "iam:PutRolePolicy", Resource: arn}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		_, err := s.Directory.Roles.Get(tx, identity.NameKey(account, linkedRoleName))
		if errors.Is(err, store.ErrNotFound) {
			err = nil
			out = append(out, wire.Target{Action: "iam:CreateServiceLinkedRole", Resource: arn, Context: authz.Context{"iam:AWSServiceName": {host}}})
		}
		return err
	})
	return out, err
}

// linkedRole finds the role, or makes it as IAM does for a service.
func (s *Service) linkedRole(tx *store.Tx, account string) (identity.Role, error) {
	r, err := s.Directory.Roles.Get(tx, identity.NameKey(account, linkedRoleName))
	if !errors.Is(err, store.ErrNotFound) {
		return r, err
	}
	trust, err := json.Marshal(map[string]any{"Version": policyVersion, "Statement": []any{map[string]any{"Effect": "Allow",
		"Principal": map[string]string{"Service": host}, "Action": "sts:AssumeRole"}}})
	return identity.Role{Account: account, Name: linkedRoleName, Path: "/aws-service-role/" + host + "/", ID: identity.NewID(identity.PrefixRole, account),
		Created: s.now().Truncate(time.Second), Trust: string(trust), MaxSession: int32(defaultLife / time.Second)}, err
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
	role, err := s.linkedRole(tx, account)
	if err != nil {
		return err
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
	return s.Directory.Roles.Put(tx, identity.NameKey(account, linkedRoleName), role)
}
