package sagemaker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/featurestore"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/training"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/codec"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// principal is who assumes execution roles.
const principal = "sagemaker.amazonaws.com"

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Jobs      *jobs.Runner
	Desk      *delivery.Desk
	Clients   *delivery.Clients
	Metrics   metrics.Recorder
	Lines     *loglines.Shipper
	Fleet     *hosting.Fleet
	Trainer   *training.Runner
	Catalog   *catalog.Directory // in which offline stores make their partitions known
	Dir       string             // of files
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Service is SageMaker.
type Service struct {
	Config
	models                        *store.Table[model]
	configs                       *store.Table[endpointConfig]
	image                         *store.Image
	endpoints                     *store.Held[endpoint]
	trainings                     *store.Table[trainingJob]
	transforms                    *store.Table[transformJob]
	invocations                   *store.Table[invocation]
	tags                          *store.Table[map[string]string] // by ARN
	trainingStops, transformStops stops
	groups                        *store.Held[featureGroup]
	records                       *store.Table[record]           // of online stores; key: recordKey
	pending                       *store.Table[featurestore.Row] // records on their way to offline stores; key: the group's and an id in order of time
	flushes                       *store.Table[struct{}]         // groups for whose offline store a job is there
	packageGroups                 *store.Table[packageGroup]
	packages                      *store.Table[modelPackage] // key: the package's name, or its group's and its version
	tokens                        *wire.Tokens
	components                    *store.Held[component]
	domains                       *store.Table[domain]
	profiles                      *store.Table[userProfile] // key: profileKey

	serving  sync.Map // *served, by the fleet's key
	captures captures
}

// New makes the service and defines its jobs.
func New(c Config) *Service {
	s := &Service{Config: c, models: store.NewTable[model](c.Store, "sagemaker_model"),
		configs:     store.NewTable[endpointConfig](c.Store, "sagemaker_endpoint_config"),
		image:       store.NewImage(c.Store),
		transforms:  store.NewTable[transformJob](c.Store, "sagemaker_transform"),
		trainings:   store.NewTable[trainingJob](c.Store, "sagemaker_training"),
		invocations: store.NewTable[invocation](c.Store, "sagemaker_invocation"),
		tags:        store.NewTable[map[string]string](c.Store, "sagemaker_tags"),
		records:     store.NewTable[record](c.Store, "sagemaker_record"),
		pending:     store.NewTable[featurestore.Row](c.Store, "sagemaker_offline_record"),
		flushes:     store.NewTable[struct{}](c.Store, "sagemaker_offline_flush"),
		packages:    store.NewTable[modelPackage](c.Store, "sagemaker_model_package"),
		tokens:      wire.NewTokens(c.Store, c.Clock)}
	s.domains, s.profiles = store.NewTable[domain](c.Store, "sagemaker_domain"), store.NewTable[userProfile](c.Store, "sagemaker_user_profile")
	s.packageGroups = store.NewTable[packageGroup](c.Store, "sagemaker_model_package_group")
	s.endpoints = store.NewHeld(s.image, "sagemaker_endpoint", s.endpointChanged)
	s.components = store.NewHeld[component](s.image, "sagemaker_inference_component", nil)
	s.groups = store.NewHeld[featureGroup](s.image, "sagemaker_feature_group", nil)
	_ = os.RemoveAll(s.transformDir()) // what a server that died has left
	c.Desk.Define(asyncCourier, delivery.Courier{Deliver: s.invokeLater, Bury: s.bury, Patience: 7 * time.Hour, Crew: 1024, Crowd: 64})
	c.Desk.Define(noticeCourier, delivery.Courier{Deliver: s.tell, Bury: s.bury})
	jobs.Define(c.Jobs, deployJob, s.deploy)
	jobs.Define(c.Jobs, removeJob, s.remove)
	jobs.Define(c.Jobs, trainJob, s.train)
	jobs.Define(c.Jobs, transformJobName, s.transform)
	jobs.Define(c.Jobs, componentJob, s.placeComponent)
	jobs.Define(c.Jobs, removeComponentJob, s.removeComponent)
	jobs.Define(c.Jobs, domainJob, s.settleDomain)
	jobs.Define(c.Jobs, profileJob, s.settleProfile)
	jobs.Define(c.Jobs, groupJob, s.openGroup)
	jobs.Define(c.Jobs, removeGroupJob, s.removeGroup)
	jobs.Define(c.Jobs, offlineJob, s.flush)
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "sagemaker" }

// Codec tells the wire layer the unions of the API.
func (*Service) Codec() []codec.Option { return []codec.Option{codec.Unions(unions()...)} }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.AddTags, wire.On(s.addTagsTargets)),
		wire.Op(s.BatchDescribeModelPackage, wire.On(s.batchDescribeModelPackageTargets)),
		wire.Op(s.CreateDomain, wire.On(s.createDomainTargets)),
		wire.Op(s.CreateEndpoint, wire.On(s.createEndpointTargets)),
		wire.Op(s.CreateEndpointConfig, wire.On(s.createConfigTargets)),
		wire.Op(s.CreateFeatureGroup, wire.On(s.createFeatureGroupTargets)),
		wire.Op(s.CreateInferenceComponent, wire.On(s.createComponentTargets)),
		wire.Op(s.CreateModel, wire.On(s.createModelTargets)),
		wire.Op(s.CreateModelPackage, wire.On(s.createModelPackageTargets)),
		wire.Op(s.CreateModelPackageGroup, wire.On(s.createModelPackageGroupTargets)),
		wire.Op(s.CreateTrainingJob, wire.On(s.createTrainingTargets)),
		wire.Op(s.CreateTransformJob, wire.On(s.createTransformTargets)),
		wire.Op(s.CreateUserProfile, wire.On(s.createUserProfileTargets)),
		wire.Op(s.DeleteDomain, wire.On(s.deleteDomainTargets)),
		wire.Op(s.DeleteEndpoint, wire.On(s.deleteEndpointTargets)),
		wire.Op(s.DeleteEndpointConfig, wire.On(s.deleteConfigTargets)),
		wire.Op(s.DeleteFeatureGroup, wire.On(s.deleteFeatureGroupTargets)),
		wire.Op(s.DeleteInferenceComponent, wire.On(s.deleteComponentTargets)),
		wire.Op(s.DeleteModel, wire.On(s.deleteModelTargets)),
		wire.Op(s.DeleteModelPackage, wire.On(s.deleteModelPackageTargets)),
		wire.Op(s.DeleteModelPackageGroup, wire.On(s.deleteModelPackageGroupTargets)),
		wire.Op(s.DeleteTags, wire.On(s.deleteTagsTargets)),
		wire.Op(s.DeleteUserProfile, wire.On(s.deleteUserProfileTargets)),
		wire.Op(s.DescribeDomain, wire.On(s.describeDomainTargets)),
		wire.Op(s.DescribeEndpoint, wire.On(s.describeEndpointTargets)),
		wire.Op(s.DescribeEndpointConfig, wire.On(s.describeConfigTargets)),
		wire.Op(s.DescribeFeatureGroup, wire.On(s.describeFeatureGroupTargets)),
		wire.Op(s.DescribeFeatureMetadata, wire.On(s.describeFeatureMetadataTargets)),
		wire.Op(s.DescribeInferenceComponent, wire.On(s.describeComponentTargets)),
		wire.Op(s.DescribeModel, wire.On(s.describeModelTargets)),
		wire.Op(s.DescribeModelPackage, wire.On(s.describeModelPackageTargets)),
		wire.Op(s.DescribeModelPackageGroup, wire.On(s.describeModelPackageGroupTargets)),
		wire.Op(s.DescribeTrainingJob, wire.On(s.describeTrainingTargets)),
		wire.Op(s.DescribeTransformJob, wire.On(s.describeTransformTargets)),
		wire.Op(s.DescribeUserProfile, wire.On(s.describeUserProfileTargets)),
		wire.Op(s.ListDomains),
		wire.Op(s.ListEndpointConfigs),
		wire.Op(s.ListEndpoints),
		wire.Op(s.ListFeatureGroups),
		wire.Op(s.ListInferenceComponents),
		wire.Op(s.ListModelPackageGroups),
		wire.Op(s.ListModelPackages),
		wire.Op(s.ListModels),
		wire.Op(s.ListTags, wire.On(s.listTagsTargets)),
		wire.Op(s.ListTrainingJobs),
		wire.Op(s.ListTransformJobs),
		wire.Op(s.ListUserProfiles),
		wire.Op(s.StopTrainingJob, wire.On(s.stopTrainingTargets)),
		wire.Op(s.StopTransformJob, wire.On(s.stopTransformTargets)),
		wire.Op(s.UpdateDomain, wire.On(s.updateDomainTargets)),
		wire.Op(s.UpdateEndpoint, wire.On(s.updateEndpointTargets)),
		wire.Op(s.UpdateEndpointWeightsAndCapacities, wire.On(s.updateWeightsTargets)),
		wire.Op(s.UpdateFeatureGroup, wire.On(s.updateFeatureGroupTargets)),
		wire.Op(s.UpdateFeatureMetadata, wire.On(s.updateFeatureMetadataTargets)),
		wire.Op(s.UpdateInferenceComponent, wire.On(s.updateComponentTargets)),
		wire.Op(s.UpdateInferenceComponentRuntimeConfig, wire.On(s.updateRuntimeConfigTargets)),
		wire.Op(s.UpdateModelPackage, wire.On(s.updateModelPackageTargets)),
		wire.Op(s.UpdateUserProfile, wire.On(s.updateUserProfileTargets)),
	}
}

// A kind is a type of resource, as ARNs and messages call it.
type kind struct{ arn, word string }

var (
	aModel     = kind{"model", "model"}
	aConfig    = kind{"endpoint-config", "endpoint configuration"}
	anEndpoint = kind{"endpoint", "endpoint"}
	aTraining  = kind{"training-job", "training job"}
	aTransform = kind{"transform-job", "transform job"}

	aFeatureGroup = kind{"feature-group", "FeatureGroup"}
	aPackageGroup = kind{"model-package-group", "ModelPackageGroup"}
	aPackage      = kind{"model-package", "ModelPackage"}
	aComponent    = kind{"inference-component", "inference component"}
	aDomain       = kind{"domain", "Domain"}
	aProfile      = kind{"user-profile", "UserProfile"}
)

// of is the ARN of one of the kind. Those of names with capitals have them, too.
func (k kind) of(key store.Key) string {
	return arn.New("sagemaker", key.Region, key.Account, k.arn+"/"+key.ID)
}

// on says that an operation touches one of the caller's.
func (k kind) on(ctx context.Context, name *string) ([]wire.Target, error) {
	return []wire.Target{{Resource: k.of(here(ctx, aws.ToString(name)))}}, nil
}

func (k kind) missing(key store.Key) error {
	return invalid("Could not find %s %q.", k.word, k.of(key))
}
func (k kind) exists(key store.Key) error {
	return invalid("Cannot create already existing %s %q.", k.word, k.of(key))
}

// found puts the service's words in place of the store's.
func (k kind) found(key store.Key, err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return k.missing(key)
	case errors.Is(err, store.ErrExists):
		return k.exists(key)
	}
	return err
}

// invalid is a request that cannot be done. SageMaker's control plane has this code for nearly all of them, also for what isn't there.
func invalid(format string, args ...any) error {
	return wire.Errorf(400, "ValidationException", fmt.Sprintf(format, args...))
}

func limited(format string, args ...any) error {
	return &types.ResourceLimitExceeded{Message: aws.String(fmt.Sprintf(format, args...))}
}

// here is the key of something of the caller's.
func here(ctx context.Context, id string) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region, ID: id}
}

func passRole(role *string) wire.Target {
	return wire.Target{Action: "iam:PassRole", Resource: aws.ToString(role), Context: authz.Context{"iam:PassedToService": {principal}}}
}

// as is the SDK's configuration for calls in a role's name.
func (s *Service) as(ctx context.Context, of store.Key, source, role string) (aws.Config, error) {
	return s.Clients.Config(ctx, delivery.As{Service: principal, Source: source, Account: of.Account, RoleARN: role}, of.Region)
}

// trusted checks that SageMaker may assume a role.
func (s *Service) trusted(ctx context.Context, role string) error {
	_, err := s.Directory.ServiceSession(ctx, principal, role, "SageMaker")
	if errors.Is(err, identity.ErrNotTrusted) {
		return invalid("Could not assume role %s. Please ensure that the role exists and allows principal '%s' to assume the role.", role, principal)
	}
	return err
}

// bucketAndKey takes an S3 URI apart.
func bucketAndKey(uri string) (bucket, key string, ok bool) {
	rest, ok := strings.CutPrefix(uri, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	return bucket, key, ok && bucket != ""
}

// joined puts a key together. A prefix may end in a slash or not.
func joined(parts ...string) string { return strings.TrimPrefix(path.Join(parts...), "/") }
