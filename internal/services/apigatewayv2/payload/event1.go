package payload

type event1 struct {
	Version                         string              `json:"version"`
	Resource                        string              `json:"resource"`
	Path                            string              `json:"path"`
	HTTPMethod                      string              `json:"httpMethod"`
	Headers                         map[string]string   `json:"headers"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters"`
	RequestContext                  context1            `json:"requestContext"`
	PathParameters                  map[string]string   `json:"pathParameters"`
	StageVariables                  map[string]string   `json:"stageVariables"`
	Body                            *string             `json:"-"`
}

type integration1 struct {
	event1
	Body            *string `json:"body"`
	IsBase64Encoded bool    `json:"isBase64Encoded"`
}

type authorization1 struct {
	Type               string `json:"type"`
	MethodARN          string `json:"methodArn"`
	IdentitySource     string `json:"identitySource"`
	AuthorizationToken string `json:"authorizationToken"`
	event1
}

type context1 struct {
	AccountID         string         `json:"accountId"`
	APIID             string         `json:"apiId"`
	Authorizer        map[string]any `json:"authorizer,omitempty"`
	DomainName        string         `json:"domainName"`
	DomainPrefix      string         `json:"domainPrefix"`
	ExtendedRequestID string         `json:"extendedRequestId"`
	HTTPMethod        string         `json:"httpMethod"`
	Identity          identity1      `json:"identity"`
	Path              string         `json:"path"`
	Protocol          string         `json:"protocol"`
	RequestID         string         `json:"requestId"`
	RequestTime       string         `json:"requestTime"`
	RequestTimeEpoch  int64          `json:"requestTimeEpoch"`
	ResourceID        *string        `json:"resourceId"`
	ResourcePath      string         `json:"resourcePath"`
	Stage             string         `json:"stage"`
}

type identity1 struct {
	AccessKey                     *string `json:"accessKey"`
	AccountID                     *string `json:"accountId"`
	Caller                        *string `json:"caller"`
	CognitoAMR                    *string `json:"cognitoAmr"`
	CognitoAuthenticationProvider *string `json:"cognitoAuthenticationProvider"`
	CognitoAuthenticationType     *string `json:"cognitoAuthenticationType"`
	CognitoIdentityID             *string `json:"cognitoIdentityId"`
	CognitoIdentityPoolID         *string `json:"cognitoIdentityPoolId"`
	PrincipalOrgID                *string `json:"principalOrgId"`
	SourceIP                      string  `json:"sourceIp"`
	User                          *string `json:"user"`
	UserAgent                     string  `json:"userAgent"`
	UserARN                       *string `json:"userArn"`
}

func (r *Request) event1() event1 {
	e := event1{Version: V1, Resource: r.RoutePath, Path: r.Path, HTTPMethod: r.Method, Headers: last(r.Header), MultiValueHeaders: r.Header,
		PathParameters: r.PathParameters, StageVariables: r.StageVariables,
		RequestContext: context1{AccountID: r.Account, APIID: r.API, Authorizer: r.Authorizer.map1(), DomainName: r.Domain, DomainPrefix: r.DomainPrefix(),
			ExtendedRequestID: r.ID, HTTPMethod: r.Method, Identity: identity1{SourceIP: r.SourceIP, UserAgent: r.UserAgent}, Path: r.Path,
			Protocol: r.Protocol, RequestID: r.ID, RequestTime: r.CLF(), RequestTimeEpoch: r.Time.UnixMilli(), ResourcePath: r.RoutePath, Stage: r.Stage}}
	if r.RawQuery != "" {
		q := r.Query()
		e.QueryStringParameters, e.MultiValueQueryStringParameters = last(q), q
	}
	if a := r.Authorizer; a != nil && a.IAM != nil {
		i := &e.RequestContext.Identity
		i.AccessKey, i.AccountID, i.Caller, i.PrincipalOrgID = &a.IAM.AccessKey, &a.IAM.AccountID, &a.IAM.CallerID, a.IAM.Org
		i.User, i.UserARN = &a.IAM.UserID, &a.IAM.UserARN
	}
	return e
}

func (a *Authorizer) map1() map[string]any {
	switch {
	case a == nil, a.IAM != nil:
		return nil
	case a.JWT != nil:
		return map[string]any{"claims": a.JWT.Claims, "scopes": a.JWT.Scopes}
	}
	out := make(map[string]any, len(a.Lambda)+1)
	for k, v := range a.Lambda {
		out[k] = v
	}
	if a.Principal != "" {
		out["principalId"] = a.Principal
	}
	return out
}
