package cloudtrail

import (
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a record takes of a request or a response. AWS leaves larger ones out too.
const (
	maxElements = 100 << 10
	maxDepth    = 24
)

const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// secret tells members that no record shows, in lower case.
func secret(member string) bool {
	switch member {
	case "secretaccesskey", "sessiontoken", "webidentitytoken", "samlassertion", "password", "newpassword", "oldpassword",
		"secretstring", "secretbinary", "privatekey", "plaintext", "tokencode", "clientsecret", "ciphertextblob",
		"authorizationtoken", "masteruserpassword", "adminuserpassword",
		"variables", // of a function's environment
		"accesstoken", "refreshtoken", "jwttoken", "usermanagedclientapplicationclientsecret", "authorizationcode", "customauthenticationcredentials",
		"encrypted_password", "kafka_client_keystore_password", "kafka_client_key_password", "kafka_sasl_plain_password", "kafka_sasl_scram_password",
		"encrypted_kafka_client_keystore_password", "encrypted_kafka_client_key_password", "encrypted_kafka_sasl_plain_password",
		"encrypted_kafka_sasl_scram_password", "kafka_sasl_gssapi_keytab":
		return true
	}
	return false
}

// elements renders an SDK struct as a record shows it: members in lower camel case, nothing that is not set, no secrets,
// no content. It is nil when there is nothing to show or too much.
func elements(v any) any {
	if v == nil {
		return nil
	}
	out, ok := render(reflect.ValueOf(v), maxDepth)
	if !ok {
		return nil
	}
	if text, err := json.Marshal(out); err != nil || len(text) > maxElements {
		return nil
	}
	return out
}

var (
	readerType = reflect.TypeFor[io.Reader]()
	timeType   = reflect.TypeFor[time.Time]()
)

func render(v reflect.Value, depth int) (any, bool) {
	if depth == 0 || !v.IsValid() || v.Type().Implements(readerType) {
		return nil, false
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, false
		}
		return render(v.Elem(), depth)
	case reflect.Struct:
		if v.Type() == timeType {
			return v.Interface().(time.Time).UTC().Format(time.RFC3339), true
		}
		out := map[string]any{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() || f.Name == "ResultMetadata" {
				continue
			}
			if item, ok := member(f.Name, v.Field(i), depth-1); ok {
				out[lower(f.Name)] = item
			}
		}
		// A union is an interface whose type's name ends with the member's.
		if _, name, ok := strings.Cut(v.Type().Name(), "Member"); ok && v.NumField() > 0 && v.Type().Field(0).Name == "Value" {
			return map[string]any{lower(name): out["value"]}, true
		}
		return out, len(out) > 0
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return nil, false // content
		}
		out := []any{}
		for i := range v.Len() {
			if item, ok := render(v.Index(i), depth-1); ok {
				out = append(out, item)
			}
		}
		return out, true
	case reflect.Map:
		if v.IsNil() || v.Type().Key().Kind() != reflect.String {
			return nil, false
		}
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			if item, ok := member(k.String(), v.MapIndex(k), depth-1); ok {
				out[k.String()] = item
			}
		}
		return out, true
	case reflect.String:
		return v.String(), v.Len() > 0
	case reflect.Bool:
		return v.Bool(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), true
	case reflect.Float32, reflect.Float64:
		return v.Float(), true
	}
	return nil, false
}

func member(name string, v reflect.Value, depth int) (any, bool) {
	item, ok := render(v, depth)
	if secret(strings.ToLower(name)) {
		return hidden, ok || v.Kind() == reflect.Slice && v.Len() > 0
	}
	return item, ok
}

func lower(name string) string {
	r, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r)) + name[n:]
}
