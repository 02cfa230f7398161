package s3

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// setting is a property of buckets that is a configuration of its own.
type setting struct {
	property string
	form     func(v any) any // the SDK's names in place of the template's
	within   string          // the field of the outputs of get that holds it
	put      func(ctx context.Context, c *s3.Client, bucket *string, v any) error
	get      func(ctx context.Context, c *s3.Client, bucket *string) (any, error)
	remove   func(ctx context.Context, c *s3.Client, bucket *string) error
}

// putting fills the field of a Put call's input and calls.
func putting[I, O any](method func(*s3.Client, context.Context, *I, ...func(*s3.Options)) (*O, error), field string) func(context.Context, *s3.Client, *string, any) error {
	return func(ctx context.Context, c *s3.Client, bucket *string, v any) error {
		in := new(I)
		if err := resource.Fill(in, map[string]any{"Bucket": *bucket, field: v}); err != nil {
			return err
		}
		_, err := method(c, ctx, in)
		return err
	}
}

func getting[I, O any](method func(*s3.Client, context.Context, *I, ...func(*s3.Options)) (*O, error)) func(context.Context, *s3.Client, *string) (any, error) {
	return func(ctx context.Context, c *s3.Client, bucket *string) (any, error) {
		in := new(I)
		if err := resource.Fill(in, map[string]any{"Bucket": *bucket}); err != nil {
			return nil, err
		}
		return method(c, ctx, in)
	}
}

func removing[I, O any](method func(*s3.Client, context.Context, *I, ...func(*s3.Options)) (*O, error)) func(context.Context, *s3.Client, *string) error {
	get := getting(method)
	return func(ctx context.Context, c *s3.Client, bucket *string) error {
		_, err := get(ctx, c, bucket)
		return err
	}
}

// with removes a setting by putting v.
func with(put func(context.Context, *s3.Client, *string, any) error, v any) func(context.Context, *s3.Client, *string) error {
	return func(ctx context.Context, c *s3.Client, bucket *string) error { return put(ctx, c, bucket, v) }
}

func renamed(names map[string]string) func(any) any {
	return func(v any) any { return resource.Reshaped(v, names) }
}

func plain(v any) any { return v }

type object = map[string]any

var settings = []setting{
	{"VersioningConfiguration", plain, "", putting((*s3.Client).PutBucketVersioning, "VersioningConfiguration"), wrapped(getting((*s3.Client).GetBucketVersioning)),
		with(putting((*s3.Client).PutBucketVersioning, "VersioningConfiguration"), object{"Status": "Suspended"})},
	{"BucketEncryption", renamed(map[string]string{"ServerSideEncryptionConfiguration": "Rules", "ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}),
		"ServerSideEncryptionConfiguration", putting((*s3.Client).PutBucketEncryption, "ServerSideEncryptionConfiguration"), getting((*s3.Client).GetBucketEncryption),
		removing((*s3.Client).DeleteBucketEncryption)},
	{"PublicAccessBlockConfiguration", plain, "PublicAccessBlockConfiguration", putting((*s3.Client).PutPublicAccessBlock, "PublicAccessBlockConfiguration"),
		getting((*s3.Client).GetPublicAccessBlock), removing((*s3.Client).DeletePublicAccessBlock)},
	{"OwnershipControls", plain, "OwnershipControls", putting((*s3.Client).PutBucketOwnershipControls, "OwnershipControls"), getting((*s3.Client).GetBucketOwnershipControls),
		removing((*s3.Client).DeleteBucketOwnershipControls)},
	{"LifecycleConfiguration", lifecycle, "", putting((*s3.Client).PutBucketLifecycleConfiguration, "LifecycleConfiguration"),
		wrapped(getting((*s3.Client).GetBucketLifecycleConfiguration)), removing((*s3.Client).DeleteBucketLifecycle)},
	{"CorsConfiguration", renamed(map[string]string{"CorsRules": "CORSRules", "ExposedHeaders": "ExposeHeaders", "Id": "ID", "MaxAge": "MaxAgeSeconds"}), "",
		putting((*s3.Client).PutBucketCors, "CORSConfiguration"), wrapped(getting((*s3.Client).GetBucketCors)), removing((*s3.Client).DeleteBucketCors)},
	{"ObjectLockConfiguration", plain, "ObjectLockConfiguration", putting((*s3.Client).PutObjectLockConfiguration, "ObjectLockConfiguration"),
		getting((*s3.Client).GetObjectLockConfiguration), with(putting((*s3.Client).PutObjectLockConfiguration, "ObjectLockConfiguration"), object{"ObjectLockEnabled": "Enabled"})},
	{"LoggingConfiguration", logging, "", putting((*s3.Client).PutBucketLogging, "BucketLoggingStatus"), wrapped(getting((*s3.Client).GetBucketLogging)),
		with(putting((*s3.Client).PutBucketLogging, "BucketLoggingStatus"), object{})},
	{"AccelerateConfiguration", renamed(map[string]string{"AccelerationStatus": "Status"}), "", putting((*s3.Client).PutBucketAccelerateConfiguration, "AccelerateConfiguration"),
		wrapped(getting((*s3.Client).GetBucketAccelerateConfiguration)),
		with(putting((*s3.Client).PutBucketAccelerateConfiguration, "AccelerateConfiguration"), object{"Status": "Suspended"})},
	{"NotificationConfiguration", notifications, "", putting((*s3.Client).PutBucketNotificationConfiguration, "NotificationConfiguration"),
		wrapped(getting((*s3.Client).GetBucketNotificationConfiguration)), with(putting((*s3.Client).PutBucketNotificationConfiguration, "NotificationConfiguration"), object{})},
	{"Tags", func(v any) any { return object{"TagSet": v} }, "", putting((*s3.Client).PutBucketTagging, "Tagging"), wrapped(getting((*s3.Client).GetBucketTagging)),
		removing((*s3.Client).DeleteBucketTagging)},
}

// whole is an output whose fields are the setting's themselves.
type whole struct{ V any }

func wrapped(get func(context.Context, *s3.Client, *string) (any, error)) func(context.Context, *s3.Client, *string) (any, error) {
	return func(ctx context.Context, c *s3.Client, bucket *string) (any, error) {
		out, err := get(ctx, c, bucket)
		return whole{out}, err
	}
}

// told reads a setting out of an output, in the form of wanted.
func (set setting) told(out, wanted any) any {
	if w, ok := out.(whole); ok {
		m, _ := wanted.(object)
		return resource.Tell(w.V, m)
	}
	return resource.Tell(out, object{set.within: wanted})[set.within]
}

func logging(v any) any {
	return object{"LoggingEnabled": withTarget(resource.Reshaped(v, map[string]string{"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"}))}
}

// withTarget has a log's prefix be there: it is "" where a template has none.
func withTarget(v any) any {
	m, ok := v.(object)
	if ok && m["TargetPrefix"] == nil {
		m["TargetPrefix"] = ""
	}
	return v
}

// notifications drops the switch of EventBridge's configuration, whose presence is the switch.
func notifications(v any) any {
	out, ok := resource.Reshaped(v, map[string]string{"LambdaConfigurations": "LambdaFunctionConfigurations", "Event": "Events", "Function": "LambdaFunctionArn",
		"Queue": "QueueArn", "Topic": "TopicArn", "S3Key": "Key", "Rules": "FilterRules"}).(object)
	if !ok {
		return v
	}
	if bridge, ok := out["EventBridgeConfiguration"].(object); ok {
		out["EventBridgeConfiguration"] = object{}
		if resource.Text(bridge["EventBridgeEnabled"]) == "false" {
			delete(out, "EventBridgeConfiguration")
		}
	}
	for _, kind := range []string{"LambdaFunctionConfigurations", "QueueConfigurations", "TopicConfigurations"} {
		for _, m := range resource.Objects(out[kind]) {
			m["Events"] = []any{m["Events"]}
		}
	}
	return out
}

// lifecycle gives rules the SDK's form: those of templates are flatter.
func lifecycle(v any) any {
	m, _ := v.(object)
	var rules []any
	for _, rule := range resource.Objects(m["Rules"]) {
		out := resource.Renamed(rule, "Id", "ID")
		move := func(to, field string, names ...string) {
			for _, name := range names {
				if e, ok := out[name]; ok {
					inner, _ := out[to].(object)
					if inner == nil {
						inner = object{}
					}
					inner[field] = e
					delete(out, name)
					out[to] = inner
				}
			}
		}
		move("Expiration", "Days", "ExpirationInDays")
		move("Expiration", "Date", "ExpirationDate")
		move("Expiration", "ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker")
		move("NoncurrentVersionExpiration", "NoncurrentDays", "NoncurrentVersionExpirationInDays")
		list := func(one, many string, names map[string]string) {
			all := append(asList(out[one]), asList(out[many])...)
			delete(out, one)
			if delete(out, many); len(all) > 0 {
				out[many] = resource.Reshaped(all, names)
			}
		}
		list("Transition", "Transitions", map[string]string{"TransitionInDays": "Days", "TransitionDate": "Date"})
		list("NoncurrentVersionTransition", "NoncurrentVersionTransitions", map[string]string{"TransitionInDays": "NoncurrentDays"})
		out["Filter"] = filter(out)
		rules = append(rules, out)
	}
	form := object{"Rules": rules}
	if size, ok := m["TransitionDefaultMinimumObjectSize"]; ok {
		form["TransitionDefaultMinimumObjectSize"] = size
	}
	return form
}

func asList(v any) []any {
	if v == nil {
		return nil
	}
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// filter takes what a rule's filter is of out of the rule.
func filter(rule object) object {
	parts := object{}
	for _, name := range []string{"Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan"} {
		if e, ok := rule[name]; ok {
			parts[name] = e
			delete(rule, name)
		}
	}
	tags := asList(rule["TagFilters"])
	delete(rule, "TagFilters")
	switch {
	case len(parts) == 0 && len(tags) == 0:
		return object{}
	case len(parts) == 1 && len(tags) == 0:
		return parts
	case len(parts) == 0 && len(tags) == 1:
		return object{"Tag": tags[0]}
	}
	if len(tags) > 0 {
		parts["Tags"] = tags
	}
	return object{"And": parts}
}
