package sagemaker

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

func sagemakerARN(r resource.Request, path string) string {
	return "arn:" + r.Partition + ":sagemaker:" + r.Region + ":" + r.Account + ":" + path
}

func domainType() resource.Type {
	t := resource.Plain{Name: "AWS::SageMaker::Domain", NameProperty: "DomainName", NameMax: 63, ID: "DomainId", Key: func(r resource.Request) map[string]any {
		return map[string]any{"DomainId": r.ID}
	}, Attributes: map[string]string{"DomainArn": "DomainArn", "DomainId": "DomainId", "HomeEfsFileSystemId": "HomeEfsFileSystemId", "Url": "Url",
		"SecurityGroupIdForDomainBoundary": "SecurityGroupIdForDomainBoundary"}, Status: "Status", Reason: "FailureReason", Done: []string{"InService"},
		Create: do((*sagemaker.Client).CreateDomain), Get: do((*sagemaker.Client).DescribeDomain), Update: do((*sagemaker.Client).UpdateDomain), Delete: do((*sagemaker.Client).DeleteDomain),
		Retag: retagAs(func(r resource.Request) string { return sagemakerARN(r, "domain/"+r.ID) })}.Type()
	t.Find = func(ctx context.Context, r resource.Request) (resource.State, bool, error) {
		pages := sagemaker.NewListDomainsPaginator(client(r), &sagemaker.ListDomainsInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return resource.State{}, false, err
			}
			for _, d := range page.Domains {
				if aws.ToString(d.DomainName) == r.Named("DomainName") {
					r.ID = *d.DomainId
					s, err := t.Read(ctx, r)
					return s, err == nil, err
				}
			}
		}
		return resource.State{}, false, nil
	}
	return t
}

func userProfileType() resource.Type {
	return resource.Plain{Name: "AWS::SageMaker::UserProfile", NameProperty: "UserProfileName", NameMax: 63, Key: func(r resource.Request) map[string]any {
		return map[string]any{"UserProfileName": r.Named("UserProfileName"), "DomainId": r.Properties["DomainId"]}
	}, Identify: func(r resource.Request) string { return r.Named("UserProfileName") + "|" + r.Text("DomainId") },
		Attributes: map[string]string{"UserProfileArn": "UserProfileArn"}, Status: "Status", Reason: "FailureReason", Done: []string{"InService"},
		Create: do((*sagemaker.Client).CreateUserProfile), Get: do((*sagemaker.Client).DescribeUserProfile), Update: do((*sagemaker.Client).UpdateUserProfile),
		Delete: do((*sagemaker.Client).DeleteUserProfile),
		Retag: retagAs(func(r resource.Request) string {
			return sagemakerARN(r, "user-profile/"+r.Text("DomainId")+"/"+r.Named("UserProfileName"))
		})}.Type()
}

func featureGroupType() resource.Type {
	p := resource.Plain{Name: "AWS::SageMaker::FeatureGroup", NameProperty: "FeatureGroupName", NameMax: 64,
		Attributes: map[string]string{"CreationTime": "CreationTime", "FeatureGroupStatus": "FeatureGroupStatus"}, Status: "FeatureGroupStatus", Reason: "FailureReason",
		Done: []string{"Created"}, Create: do((*sagemaker.Client).CreateFeatureGroup), Get: do((*sagemaker.Client).DescribeFeatureGroup), Delete: do((*sagemaker.Client).DeleteFeatureGroup),
		Retag: retagAs(func(r resource.Request) string { return sagemakerARN(r, "feature-group/"+r.ID) })}
	p.Update = func(ctx context.Context, r resource.Request, properties map[string]any, strict bool) (any, error) {
		added := map[string]any{"FeatureGroupName": r.ID}
		out, err := client(r).DescribeFeatureGroup(ctx, &sagemaker.DescribeFeatureGroupInput{FeatureGroupName: &r.ID})
		if err != nil {
			return nil, err
		}
		more := []any{} // features are only ever added
		for _, f := range resource.Objects(r.Properties["FeatureDefinitions"]) {
			if !slices.ContainsFunc(out.FeatureDefinitions, func(has types.FeatureDefinition) bool {
				return aws.ToString(has.FeatureName) == resource.Text(f["FeatureName"])
			}) {
				more = append(more, f)
			}
		}
		if len(more) > 0 {
			added["FeatureAdditions"] = more
		}
		if r.Changed("OnlineStoreConfig") {
			ttl := resource.At(r.Properties, "OnlineStoreConfig.TtlDuration")
			added["OnlineStoreConfig"] = map[string]any{"TtlDuration": ttl}
		}
		if len(added) == 1 {
			return &sagemaker.UpdateFeatureGroupOutput{}, nil
		}
		return do((*sagemaker.Client).UpdateFeatureGroup)(ctx, r, added, true)
	}
	return p.Type()
}

func modelPackageGroupType() resource.Type {
	return resource.Plain{Name: "AWS::SageMaker::ModelPackageGroup", NameProperty: "ModelPackageGroupName", NameMax: 63, ID: "ModelPackageGroupArn",
		Key: func(r resource.Request) map[string]any {
			return map[string]any{"ModelPackageGroupName": r.Named("ModelPackageGroupName")}
		},
		Identify: func(r resource.Request) string {
			return sagemakerARN(r, "model-package-group/"+r.Named("ModelPackageGroupName"))
		},
		Attributes: map[string]string{"ModelPackageGroupArn": "ModelPackageGroupArn", "CreationTime": "CreationTime", "ModelPackageGroupStatus": "ModelPackageGroupStatus"},
		Create:     do((*sagemaker.Client).CreateModelPackageGroup), Get: do((*sagemaker.Client).DescribeModelPackageGroup), Update: do((*sagemaker.Client).DescribeModelPackageGroup),
		Delete: do((*sagemaker.Client).DeleteModelPackageGroup), Retag: retagAs(func(r resource.Request) string { return r.ID })}.Type()
}

func modelPackageType() resource.Type {
	return resource.Plain{Name: "AWS::SageMaker::ModelPackage", ID: "ModelPackageArn", Token: "ClientToken", Key: func(r resource.Request) map[string]any {
		return map[string]any{"ModelPackageName": r.ID, "ModelPackageArn": r.ID}
	}, Attributes: map[string]string{"ModelPackageArn": "ModelPackageArn", "CreationTime": "CreationTime", "ModelPackageStatus": "ModelPackageStatus"}, Status: "ModelPackageStatus", Done: []string{"Completed"},
		Create: do((*sagemaker.Client).CreateModelPackage), Get: do((*sagemaker.Client).DescribeModelPackage), Update: do((*sagemaker.Client).UpdateModelPackage),
		Delete: do((*sagemaker.Client).DeleteModelPackage)}.Type()
}
