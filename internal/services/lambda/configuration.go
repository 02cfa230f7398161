package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/lambda/archive"
	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	principal = "lambda.amazonaws.com"
	// timeForm is how Lambda writes times as text.
	timeForm = "2006-01-02T15:04:05.000+0000"
	// maxEnvironment is how many bytes the environment has at most.
	maxEnvironment = 4096
	maxLayers      = 5
	maxTimeout     = 900 // seconds
)

// reserved are the names that an environment may not set.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var reserved = []string{"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API",
	"LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// draft is $LATEST of a function that is made, without its code.
func (s *Service) draft(ctx context.Context, in *lambda.CreateFunctionInput) (v version, err error) {
	for what, is := range map[string]bool{
		"PackageType Image": in.PackageType == types.PackageTypeImage || in.Code != nil && in.Code.ImageUri != nil,
		"Code signing":      in.CodeSigningConfigArn != nil, "ImageConfig": in.ImageConfig != nil, "DurableConfig": in.DurableConfig != nil,
		"CapacityProviderConfig": in.CapacityProviderConfig != nil, "TenancyConfig": in.TenancyConfig != nil,
		"An architecture other than this machine's": len(in.Architectures) > 0 && !slices.Contains(in.Architectures, architecture)} {
		if err := refuse(is, what); err != nil {
			return v, err
		}
	}
	if in.Runtime == "" || in.Handler == nil {
		return v, invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	v.Version, v.PackageType, v.Architectures = aws.String(latest), types.PackageTypeZip, []types.Architecture{architecture}
	v.Description, v.MemorySize, v.Timeout = aws.String(""), aws.Int32(128), aws.Int32(3)
	v.EphemeralStorage = &types.EphemeralStorage{Size: aws.Int32(512)}
	v.TracingConfig = &types.TracingConfigResponse{Mode: types.TracingModePassThrough}
	v.SnapStart = &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnNone, OptimizationStatus: types.SnapStartOptimizationStatusOff}
	return v, s.set(ctx, &v, &lambda.UpdateFunctionConfigurationInput{FunctionName: in.FunctionName, DeadLetterConfig: in.DeadLetterConfig, Description: in.Description,
		Environment: in.Environment, EphemeralStorage: in.EphemeralStorage, FileSystemConfigs: in.FileSystemConfigs, Handler: in.Handler,
		KMSKeyArn: in.KMSKeyArn, Layers: in.Layers, MemorySize: in.MemorySize, Role: in.Role, Runtime: in.Runtime,
		SnapStart: in.SnapStart, Timeout: in.Timeout, TracingConfig: in.TracingConfig, VpcConfig: in.VpcConfig})
}

// set changes what a call gives.
func (s *Service) set(ctx context.Context, v *version, in *lambda.UpdateFunctionConfigurationInput) error {
	if err := refuse(in.VpcConfig != nil && len(in.VpcConfig.SubnetIds)+len(in.VpcConfig.SecurityGroupIds) > 0, "VpcConfig"); err != nil {
		return err
	}
	if err := refuse(len(in.FileSystemConfigs) > 0, "FileSystemConfigs"); err != nil {
		return err
	}
	if err := refuse(in.SnapStart != nil && in.SnapStart.ApplyOn == types.SnapStartApplyOnPublishedVersions, "SnapStart"); err != nil {
		return err
	}
	if in.Timeout != nil && *in.Timeout > maxTimeout {
		return wire.Errorf(400, "ValidationException", fmt.Sprintf("1 validation error detected: Value '%d' at 'timeout' failed to satisfy constraint: "+
			"Member must have value less than or equal to %d", *in.Timeout, maxTimeout))
	}
	if in.Role != nil {
		if err := s.trusted(ctx, *in.Role); err != nil {
			return err
		}
		v.Role = in.Role
	}
	if in.Runtime != "" {
		if err := s.runs(ctx, in.Runtime); err != nil {
			return err
		}
		v.Runtime = in.Runtime
	}
	if in.Environment != nil {
		if err := checkEnvironment(in.Environment.Variables); err != nil {
			return err
		}
		v.Env = in.Environment.Variables
	}
	if d := in.DeadLetterConfig; d != nil {
		v.DeadLetterConfig = nil
		if to := aws.ToString(d.TargetArn); to != "" {
			if err := checkDestination(to, "sqs", "sns"); err != nil {
				return err
			}
			v.DeadLetterConfig = d
		}
	}
	if in.Layers != nil {
		if err := s.stack(ctx, v, in.Layers); err != nil {
			return err
		}
	}
	if in.TracingConfig != nil && in.TracingConfig.Mode != "" {
		v.TracingConfig = &types.TracingConfigResponse{Mode: in.TracingConfig.Mode}
	}
	if k := aws.ToString(in.KMSKeyArn); k != "" {
		v.KMSKeyArn = &k
	}
	given(&v.Description, in.Description)
	given(&v.Handler, in.Handler)
	given(&v.MemorySize, in.MemorySize)
	given(&v.Timeout, in.Timeout)
	given(&v.EphemeralStorage, in.EphemeralStorage)
	return nil
}

func given[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

// checkEnvironment holds an environment to its limits.
func checkEnvironment(env map[string]string) error {
	var taken []string
	for name := range env {
		if slices.Contains(reserved, name) {
			taken = append(taken, name)
		}
	}
	if len(taken) > 0 {
		slices.Sort(taken)
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided contains "+
			"reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(taken, ", "))
	}
	b, err := json.Marshal(env)
	if err != nil {
		return err
	}
	if len(env) > 0 && len(b) > maxEnvironment {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. "+
			"Bytes measured: %d", len(b)) // values may be secrets, so that they are not repeated
	}
	return nil
}

// glance is how long a call waits to learn whether there is a runtime. One that is installed first is waited for by the function.
const glance = 300 * time.Millisecond

// runs refuses a runtime that is known not to be there.
func (s *Service) runs(ctx context.Context, runtime types.Runtime) error {
	answer := make(chan error, 1)
	go func() { answer <- s.Sandbox.Check(context.WithoutCancel(ctx), string(runtime)) }()
	t := time.NewTimer(glance)
	defer t.Stop()
	select {
	case err := <-answer:
		if err != nil {
			return invalid("The runtime %s cannot be used on this machine: %v", runtime, err)
		}
	case <-t.C:
	}
	return nil
}

// trusted makes sure that Lambda may be a role.
func (s *Service) trusted(ctx context.Context, role string) error {
	if _, err := s.Directory.ServiceSession(ctx, principal, role, "atelier-check"); err != nil {
		return invalid("The role defined for the function cannot be assumed by Lambda.")
	}
	return nil
}

// checkDestination makes sure that a destination is of a kind that is there.
func checkDestination(to string, services ...string) error {
	a, err := arn.Parse(to)
	if err != nil || !slices.Contains(services, a.Service) {
		return invalid("The provided destination config DestinationConfig(%s) is not valid: it names none of %s.", to, strings.Join(services, ", "))
	}
	return nil
}

// logging is where a function logs to.
func logging(name string, has, in *types.LoggingConfig) (*types.LoggingConfig, error) {
	c := types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("/aws/lambda/" + name)}
	if has != nil {
		c = *has
	}
	if in == nil {
		return &c, nil
	}
	if in.LogFormat != "" {
		c.LogFormat = in.LogFormat
	}
	given(&c.LogGroup, in.LogGroup)
	if c.LogFormat == types.LogFormatText {
		if in.ApplicationLogLevel != "" || in.SystemLogLevel != "" {
			return nil, invalid("System and Application Log level can only be configured when LogFormat is JSON")
		}
		c.ApplicationLogLevel, c.SystemLogLevel = "", ""
		return &c, nil
	}
	if c.ApplicationLogLevel == "" {
		c.ApplicationLogLevel = types.ApplicationLogLevelInfo
	}
	if c.SystemLogLevel == "" {
		c.SystemLogLevel = types.SystemLogLevelInfo
	}
	if in.ApplicationLogLevel != "" {
		c.ApplicationLogLevel = in.ApplicationLogLevel
	}
	if in.SystemLogLevel != "" {
		c.SystemLogLevel = in.SystemLogLevel
	}
	return &c, nil
}

// load puts code into a version.
func (v *version) load(c code) error {
	v.Code, v.CodeSha256, v.CodeSize, v.Unpacked = c.Sum, aws.String(c.base64()), c.Size, c.Unpacked
	return v.fits()
}

// fits holds code and layers together to what a function may have.
func (v *version) fits() error {
	total := v.Unpacked
	for _, l := range v.LayerSizes {
		total += l
	}
	if total > archive.MaxUnpacked {
		return invalid("Function code combined with layers exceeds the maximum allowed size of %d bytes. The actual size is %d bytes.", archive.MaxUnpacked, total)
	}
	return nil
}

// pending begins the life of a version whose code is not ready.
func (v *version) pending(now time.Time) {
	v.State, v.StateReason, v.StateReasonCode = types.StatePending, aws.String("The function is being created."), types.StateReasonCodeCreating
	v.changed(now)
}

// updating begins a change of a version.
func (v *version) updating(now time.Time) {
	v.LastUpdateStatus = types.LastUpdateStatusInProgress
	v.LastUpdateStatusReason, v.LastUpdateStatusReasonCode = aws.String("The function is being created."), "Creating"
	v.changed(now)
}

func (v *version) changed(now time.Time) {
	v.LastModified = aws.String(now.UTC().Format(timeForm))
	v.RevisionId = aws.String(uuid.NewString())
}

// UpdateFunctionConfiguration changes $LATEST.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
func (s *Service) UpdateFunctionConfiguration(ctx context.Context, in *lambda.UpdateFunctionConfigurationInput) (*lambda.UpdateFunctionConfigurationOutput, error) {
	r, was, err := s.changeable(ctx, in.FunctionName, in.RevisionId)
	if err != nil {
		return nil, err
	}
	for what, is := range map[string]bool{"ImageConfig": in.ImageConfig != nil, "DurableConfig": in.DurableConfig != nil,
		"CapacityProviderConfig": in.CapacityProviderConfig != nil} {
		if err := refuse(is, what); err != nil {
			return nil, err
		}
	}
	now := was
	if err := s.set(ctx, &now, in); err != nil {
		return nil, err
	}
	if now.LoggingConfig, err = logging(r.ID, was.LoggingConfig, in.LoggingConfig); err != nil {
		return nil, err
	}
	if err := now.fits(); err != nil {
		return nil, err
	}
	if err := s.replace(ctx, r, was, &now, nil); err != nil {
		return nil, err
	}
	return copied[lambda.UpdateFunctionConfigurationOutput](now.show(r)), nil
}

func (s *Service) updateConfigurationTargets(ctx context.Context, in *lambda.UpdateFunctionConfigurationInput) ([]wire.Target, error) {
	list, err := s.on(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if in.Role != nil {
		r, err := named(ctx, in.FunctionName, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, passRole(in.Role, r.Key))
	}
	return append(list, s.layerTargets(ctx, in.Layers)...), nil
}

// changeable reads $LATEST for a change, which must not come while another is under way.
func (s *Service) changeable(ctx context.Context, name, revision *string) (ref, version, error) {
	r, _, v, err := s.configured(ctx, name, nil)
	switch {
	case err != nil:
	case r.Qualifier != "" && r.Qualifier != latest:
		err = invalid("Only $LATEST can be changed, and not %s.", r.Qualifier)
	case revision != nil && *revision != *v.RevisionId:
		err = stale("GetFunction/GetAlias")
	case v.State == types.StatePending:
		err = conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending")
	case v.LastUpdateStatus == types.LastUpdateStatusInProgress:
		err = inProgress(r)
	}
	return r, v, err
}

func inProgress(r ref) error {
	return conflict("The operation cannot be performed at this time. An update is in progress for resource: %s", functionARN(r.Key))
}

// replace puts a changed $LATEST in the place of that which was read, and has it made ready. also is done with it.
func (s *Service) replace(ctx context.Context, r ref, was version, now *version, also func(tx *store.Tx) error) error {
	now.updating(wire.CallOf(ctx).Time)
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		k := versionKey(r.Key, latest)
		has, err := s.versions.Get(tx, k)
		if absent(err) {
			return missing("Function not found: %s", r.arn())
		}
		if err != nil {
			return err
		}
		if *has.RevisionId != *was.RevisionId {
			return inProgress(r)
		}
		if err := s.versions.Put(tx, k, *now); err != nil {
			return err
		}
		if err := s.prepare(tx, r.Key, *now); err != nil || also == nil {
			return err
		}
		return also(tx)
	})
}
