package facts

import "encoding/json"

// Service is the API of one AWS service. Keys are botocore's, so that its models decode into it directly.
type Service struct {
	Name       string                `json:"name,omitempty"`
	Metadata   Metadata              `json:"metadata"`
	Operations map[string]*Operation `json:"operations"`
	Shapes     map[string]*Shape     `json:"shapes"`
	Paginators map[string]*Paginator `json:"paginators,omitempty"`
}

// Metadata says how the service is spoken to.
type Metadata struct {
	ServiceID       string       `json:"serviceId,omitempty"`
	APIVersion      string       `json:"apiVersion,omitempty"`
	Protocol        string       `json:"protocol,omitempty"` // json, rest-json, rest-xml, query, ec2, smithy-rpc-v2-cbor
	Protocols       []string     `json:"protocols,omitempty"`
	JSONVersion     string       `json:"jsonVersion,omitempty"`
	TargetPrefix    string       `json:"targetPrefix,omitempty"`
	SigningName     string       `json:"signingName,omitempty"`
	EndpointPrefix  string       `json:"endpointPrefix,omitempty"`
	XMLNamespace    XMLNamespace `json:"xmlNamespace,omitzero"`
	QueryCompatible *struct{}    `json:"awsQueryCompatible,omitempty"`
}

// Signing is the name in the credential scope.
func (m *Metadata) Signing() string {
	if m.SigningName != "" {
		return m.SigningName
	}
	return m.EndpointPrefix
}

// Spoken lists the protocols, preferred first.
func (m *Metadata) Spoken() []string {
	if len(m.Protocols) > 0 {
		return m.Protocols
	}
	return []string{m.Protocol}
}

// Operation is one API operation.
type Operation struct {
	Name     string   `json:"name"`
	HTTP     HTTP     `json:"http"`
	Input    *Ref     `json:"input,omitempty"`
	Output   *Ref     `json:"output,omitempty"`
	Errors   []*Ref   `json:"errors,omitempty"`
	ReadOnly bool     `json:"readonly,omitempty"`
	Idem     bool     `json:"idempotent,omitempty"`
	AuthType string   `json:"authtype,omitempty"` // "none": the operation is called unsigned
	Auth     []string `json:"auth,omitempty"`
	Endpoint *struct {
		HostPrefix string `json:"hostPrefix"`
	} `json:"endpoint,omitempty"`
	Checksum *struct {
		RequestMember  string   `json:"requestAlgorithmMember,omitempty"`
		Required       bool     `json:"requestChecksumRequired,omitempty"`
		ValidationMode string   `json:"requestValidationModeMember,omitempty"`
		Response       []string `json:"responseAlgorithms,omitempty"`
	} `json:"httpChecksum,omitempty"`
	UnsignedPayload bool `json:"unsignedPayload,omitempty"`
	Compression     *struct {
		Encodings []string `json:"encodings"`
	} `json:"requestcompression,omitempty"`
	Deprecated bool `json:"deprecated,omitempty"`
}

// HTTP is an operation's method and path template, "/2015-03-31/functions/{FunctionName}".
type HTTP struct {
	Method string `json:"method"`
	URI    string `json:"requestUri"`
	Code   int    `json:"responseCode,omitempty"`
}

// Ref points at a shape and says how it is bound in this place.
type Ref struct {
	Shape            string       `json:"shape"`
	Location         string       `json:"location,omitempty"` // uri, querystring, header, headers, statusCode
	LocationName     string       `json:"locationName,omitempty"`
	QueryName        string       `json:"queryName,omitempty"`
	ResultWrapper    string       `json:"resultWrapper,omitempty"`
	TimestampFormat  string       `json:"timestampFormat,omitempty"`
	XMLNamespace     XMLNamespace `json:"xmlNamespace,omitzero"`
	XMLAttribute     bool         `json:"xmlAttribute,omitempty"`
	Flattened        bool         `json:"flattened,omitempty"`
	JSONValue        bool         `json:"jsonvalue,omitempty"`
	IdempotencyToken bool         `json:"idempotencyToken,omitempty"`
	Streaming        bool         `json:"streaming,omitempty"`
	EventPayload     bool         `json:"eventpayload,omitempty"`
	EventHeader      bool         `json:"eventheader,omitempty"`
	HostLabel        bool         `json:"hostLabel,omitempty"`
	Box              bool         `json:"box,omitempty"`
	Deprecated       bool         `json:"deprecated,omitempty"`
	Enum             []string     `json:"enum,omitempty"`
}

// Shape is a type of the API.
type Shape struct {
	Type            string          `json:"type"` // structure, list, map, string, integer, long, float, double, boolean, blob, timestamp, …
	Members         map[string]*Ref `json:"members,omitempty"`
	Member          *Ref            `json:"member,omitempty"`
	Key             *Ref            `json:"key,omitempty"`
	Value           *Ref            `json:"value,omitempty"`
	Required        []string        `json:"required,omitempty"`
	Enum            []string        `json:"enum,omitempty"`
	Pattern         string          `json:"pattern,omitempty"` // Java syntax, matches the whole value
	Min             *float64        `json:"min,omitempty"`     // characters, bytes, elements or value, by type
	Max             *float64        `json:"max,omitempty"`
	Payload         string          `json:"payload,omitempty"`
	LocationName    string          `json:"locationName,omitempty"`
	TimestampFormat string          `json:"timestampFormat,omitempty"`
	XMLNamespace    XMLNamespace    `json:"xmlNamespace,omitzero"`
	XMLOrder        []string        `json:"xmlOrder,omitempty"`
	Error           *ErrorFacts     `json:"error,omitempty"`
	Exception       bool            `json:"exception,omitempty"`
	Fault           bool            `json:"fault,omitempty"` // the server's fault
	Flattened       bool            `json:"flattened,omitempty"`
	Sensitive       bool            `json:"sensitive,omitempty"`
	Document        bool            `json:"document,omitempty"`
	Union           bool            `json:"union,omitempty"`
	EventStream     bool            `json:"eventstream,omitempty"`
	Event           bool            `json:"event,omitempty"`
	Streaming       bool            `json:"streaming,omitempty"`
	Box             bool            `json:"box,omitempty"`
	Wrapper         bool            `json:"wrapper,omitempty"`
}

// ErrorFacts is how an exception appears on the wire.
type ErrorFacts struct {
	Code        string `json:"code,omitempty"`
	Status      int    `json:"httpStatusCode,omitempty"`
	SenderFault bool   `json:"senderFault,omitempty"`
}

// Paginator names the members that carry pages.
type Paginator struct {
	InputToken  Strings `json:"input_token,omitempty"`
	OutputToken Strings `json:"output_token,omitempty"`
	LimitKey    string  `json:"limit_key,omitempty"`
	ResultKey   Strings `json:"result_key,omitempty"`
	MoreResults string  `json:"more_results,omitempty"`
}

// XMLNamespace is written as a plain URI on services and as an object on shapes.
type XMLNamespace struct {
	URI    string `json:"uri,omitempty"`
	Prefix string `json:"prefix,omitempty"`
}

// UnmarshalJSON takes both forms.
func (x *XMLNamespace) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &x.URI)
	}
	type plain XMLNamespace
	return json.Unmarshal(b, (*plain)(x))
}

// Strings is one string or several.
type Strings []string

// UnmarshalJSON takes both forms.
func (s *Strings) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*s = Strings{""}
		return json.Unmarshal(b, &(*s)[0])
	}
	return json.Unmarshal(b, (*[]string)(s))
}
