package gateway

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
)

// maxVerdicts is how many answers of authorizers are kept.
const maxVerdicts = 16384

// verdicts keeps what authorizers' functions answered.
type verdicts struct {
	mu   sync.Mutex
	kept map[string]keptVerdict
}

type keptVerdict struct {
	payload.Verdict
	until time.Time
}

func (v *verdicts) get(key string, now time.Time) (payload.Verdict, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	k, ok := v.kept[key]
	return k.Verdict, ok && now.Before(k.until)
}

func (v *verdicts) put(key string, verdict payload.Verdict, until time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept == nil || len(v.kept) >= maxVerdicts {
		v.kept = map[string]keptVerdict{}
	}
	v.kept[key] = keptVerdict{verdict, until}
}

// forget drops what is kept below a place.
func (v *verdicts) forget(place string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for key := range v.kept {
		if strings.HasPrefix(key, place) {
			delete(v.kept, key)
		}
	}
}

// asked wants the authorizer's function to let the request in.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
func (x *exchange) asked() bool {
	a := x.route.authorizer
	if a == nil {
		return x.refuse(http.StatusInternalServerError, "The authorizer is gone")
	}
	identity := make([]string, len(a.sources))
	for i, s := range a.sources {
		if identity[i] = s.Fill(source{x, nil}, ""); identity[i] == "" {
			return x.refuse(http.StatusUnauthorized, "The identity source "+s.Alone().String()+" is missing")
		}
	}
	api := x.stage.api
	arn := x.in.RouteARN(api.region)
	key := strings.Join(append([]string{api.id + "/" + x.stage.name + "/" + a.id}, identity...), "\x00")
	verdict, ok := x.verdicts.get(key, x.in.Time)
	if !ok {
		event, err := x.in.AuthorizerEvent(a.version, arn, identity)
		if err != nil {
			return x.refuse(http.StatusInternalServerError, err.Error())
		}
		out := x.invoke(a.function, "arn:aws:execute-api:"+api.region+":"+api.account+":"+api.id+"/authorizers/"+a.id, a.role, event, maxWait/3)
		if out.failure != "" {
			return x.refuse(http.StatusInternalServerError, out.failure)
		}
		if verdict, err = payload.ReadVerdict(a.simple, out.payload); err != nil {
			return x.refuse(http.StatusInternalServerError, err.Error())
		}
		if a.life > 0 {
			x.verdicts.put(key, verdict, x.in.Time.Add(a.life))
		}
	}
	if !verdict.Allows(arn, x.keys()) {
		return x.refuse(http.StatusForbidden, "The authorizer does not allow the request")
	}
	x.in.Authorizer = &payload.Authorizer{Lambda: verdict.Context, Principal: verdict.Principal}
	return true
}
