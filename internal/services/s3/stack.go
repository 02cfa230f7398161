package s3

import (
	"context"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3.html
func (s *Service) Stack() []resource.Type {
	return resource.Types(
		resource.Type{Name: "AWS::S3::Bucket", NameProperty: "BucketName", NameMax: 63, NameLower: true, Find: findBucket, Create: createBucket, Ready: configureBucket,
			Update: updateBucket, Delete: deleteBucket, Read: readBucket},
		resource.Type{Name: "AWS::S3::BucketPolicy", Create: putBucketPolicy, Update: putBucketPolicy, Delete: deleteBucketPolicy, Read: readBucketPolicy},
	)
}

func client(r resource.Request) *s3.Client {
	return s3.NewFromConfig(r.Config, func(o *s3.Options) { o.UsePathStyle = true })
}

func bucketIs(r resource.Request, name string) resource.State {
	return resource.State{ID: name, Attributes: map[string]any{"Arn": "arn:" + r.Partition + ":s3:::" + name, "DomainName": name + ".s3.amazonaws.com",
		"DualStackDomainName": name + ".s3.dualstack." + r.Region + ".amazonaws.com", "RegionalDomainName": name + ".s3." + r.Region + ".amazonaws.com",
		"WebsiteURL": "http://" + name + ".s3-website-" + r.Region + ".amazonaws.com"}}
}

// findBucket finds a bucket of the account; to make one that another account has fails by itself.
func findBucket(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	name := r.Named("BucketName")
	_, err := client(r).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name, ExpectedBucketOwner: &r.Account})
	return bucketIs(r, name), err == nil, nil
}

// checkBucket refuses what is not served before anything is made.
func checkBucket(r resource.Request) error {
	known := map[string]bool{"BucketName": true, "ObjectLockEnabled": true, "AccessControl": true}
	for _, set := range settings {
		known[set.property] = true
	}
	for name, v := range r.Properties {
		if v != nil && !known[name] {
			return fmt.Errorf("the property %s is not supported yet", name)
		}
	}
	if acl := r.Text("AccessControl"); acl != "" && acl != "Private" {
		return fmt.Errorf("the property AccessControl is not supported yet with the value %s", acl)
	}
	return nil
}

func createBucket(ctx context.Context, r resource.Request) (resource.State, error) {
	if err := checkBucket(r); err != nil {
		return resource.State{}, err
	}
	name := r.Named("BucketName")
	in := &s3.CreateBucketInput{Bucket: &name}
	if r.Region != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r.Region)}
	}
	if r.Text("ObjectLockEnabled") == "true" {
		in.ObjectLockEnabledForBucket = aws.Bool(true)
	}
	if _, err := client(r).CreateBucket(ctx, in); err != nil {
		return resource.State{}, err
	}
	return bucketIs(r, name), nil
}

// configureBucket brings the settings to what the properties say.
func configureBucket(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	for _, set := range settings {
		switch now, ok := r.Properties[set.property]; {
		case ok && (r.Old == nil || r.Changed(set.property)):
			if err := set.put(ctx, client(r), &r.ID, set.form(now)); err != nil {
				return resource.State{}, false, err
			}
		case !ok && r.Old[set.property] != nil:
			if err := set.remove(ctx, client(r), &r.ID); err != nil && !resource.Gone(err) {
				return resource.State{}, false, err
			}
		}
	}
	return resource.State{}, true, nil
}

func updateBucket(_ context.Context, r resource.Request) (resource.State, error) {
	return bucketIs(r, r.ID), checkBucket(r)
}

func deleteBucket(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &r.ID})
	return err
}

func readBucket(ctx context.Context, r resource.Request) (resource.State, error) {
	c := client(r)
	if _, err := c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &r.ID}); err != nil {
		return resource.State{}, err
	}
	state := bucketIs(r, r.ID)
	state.Properties = map[string]any{"BucketName": r.ID}
	for _, set := range settings {
		wanted, ok := r.Properties[set.property]
		if !ok {
			continue
		}
		has, err := set.get(ctx, c, &r.ID)
		if resource.Gone(err) {
			continue
		}
		if err != nil {
			return state, err
		}
		form := set.form(wanted)
		told := set.told(has, form)
		if resource.Same(told, form) {
			told = wanted
		}
		state.Properties[set.property] = told
	}
	return state, nil
}

func putBucketPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	bucket := r.Text("Bucket")
	_, err := client(r).PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: aws.String(r.Text("PolicyDocument"))})
	return resource.State{ID: bucket}, err
}

func deleteBucketPolicy(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &r.ID})
	return err
}

func readBucketPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	return resource.State{ID: r.ID, Properties: map[string]any{"Bucket": r.ID, "PolicyDocument": resource.Told(aws.ToString(out.Policy), r.Properties["PolicyDocument"])}}, nil
}
