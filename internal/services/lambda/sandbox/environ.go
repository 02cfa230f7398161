package sandbox

import (
	"sort"
	"strconv"
)

// environ is the environment of a process.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (e *environment) environ(rt *runtime) []string {
	f := e.f
	env := map[string]string{
		"LANG":               "en_US.UTF-8",
		"TZ":                 ":UTC",
		"PATH":               "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LD_LIBRARY_PATH":    "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
		"HOME":               "/tmp",
		"LAMBDA_TASK_ROOT":   "/var/task",
		"LAMBDA_RUNTIME_DIR": "/var/runtime",
	}
	for name, value := range rt.env {
		env[name] = value
	}
	for name, value := range f.Env {
		env[name] = value
	}
	kind, format := "on-demand", "Text"
	if f.provisioned {
		kind = "provisioned-concurrency"
	}
	if f.JSONLogs {
		format = "JSON"
	}
	for name, value := range map[string]string{
		"_HANDLER":                        f.Handler,
		"AWS_REGION":                      f.Region,
		"AWS_DEFAULT_REGION":              f.Region,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_FUNCTION_VERSION":     f.Version,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  kind,
		"AWS_LAMBDA_LOG_GROUP_NAME":       f.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME":      e.log.stream,
		"AWS_LAMBDA_LOG_FORMAT":           format,
		"AWS_LAMBDA_RUNTIME_API":          "127.0.0.1:" + strconv.Itoa(runtimePort),
		"AWS_XRAY_CONTEXT_MISSING":        "LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS":         "127.0.0.1:2000",
		"AWS_ENDPOINT_URL":                Address,
		"AWS_ACCESS_KEY":                  e.creds.AccessKeyID,
		"AWS_ACCESS_KEY_ID":               e.creds.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":           e.creds.SecretAccessKey,
		"AWS_SESSION_TOKEN":               e.creds.SessionToken,
		"AWS_EXECUTION_ENV":               rt.execution(f.Runtime),
	} {
		env[name] = value
		if value == "" {
			delete(env, name)
		}
	}
	list := make([]string, 0, len(env))
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	sort.Strings(list)
	return list
}
