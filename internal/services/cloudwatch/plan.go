package cloudwatch

import (
	"regexp"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/cloudwatch/metricmath"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const maxQueries = 500

var idForm = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)

// query is a metric or an expression that is asked for.
type query struct {
	types.MetricDataQuery
	statistic  statistic
	expression *metricmath.Expression
}

// plan is what is asked for together, checked.
type plan struct {
	queries []*query
	byID    map[string]*query
	types   map[string]metricmath.Type
}

func (q *query) returned() bool { return q.ReturnData == nil || *q.ReturnData }

// newPlan checks queries: their forms, and the types of their expressions.
func newPlan(list []types.MetricDataQuery, account string) (*plan, error) {
	if len(list) == 0 {
		return nil, invalid("The parameter MetricDataQueries is required.")
	}
	if len(list) > maxQueries {
		return nil, invalid("The collection MetricDataQueries must not have a size greater than %d.", maxQueries)
	}
	p := &plan{byID: map[string]*query{}, types: map[string]metricmath.Type{}}
	for _, m := range list {
		q := &query{MetricDataQuery: m}
		id := aws.ToString(m.Id)
		switch {
		case !idForm.MatchString(id):
			return nil, invalid("The value %s for parameter MetricDataQueries.member.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", id)
		case p.byID[id] != nil:
			return nil, invalid("The values for parameter id in MetricDataQueries are not unique.")
		case (m.Expression == nil) == (m.MetricStat == nil):
			return nil, invalid("Exactly one of the parameters Expression and MetricStat must be given for %s.", id)
		case m.AccountId != nil && *m.AccountId != account:
			return nil, unsupported("AccountId of another account in " + id)
		case m.Period != nil && !wholePeriod(*m.Period):
			return nil, invalid("The value %d for parameter Period of %s is invalid: it must be 1, 5, 10, 20, 30 or a multiple of 60.", *m.Period, id)
		}
		if err := q.parse(); err != nil {
			return nil, err
		}
		p.queries, p.byID[id] = append(p.queries, q), q
	}
	for _, q := range p.queries {
		if _, err := p.check(q, map[string]bool{}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (q *query) parse() error {
	id := *q.Id
	if m := q.MetricStat; m != nil {
		if !wholePeriod(*m.Period) {
			return invalid("The value %d for parameter Period of %s is invalid: it must be 1, 5, 10, 20, 30 or a multiple of 60.", *m.Period, id)
		}
		if m.Metric.Namespace == nil || m.Metric.MetricName == nil {
			return invalid("Namespace and MetricName are required in %s.", id)
		}
		var ok bool
		if q.statistic, ok = parseStatistic(*m.Stat); !ok {
			return invalid("The value %s for parameter MetricDataQueries.member.MetricStat.Stat is not a valid statistic.", *m.Stat)
		}
		return nil
	}
	if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(*q.Expression)), "SELECT ") {
		return unsupported("Metrics Insights queries")
	}
	x, err := metricmath.Parse(*q.Expression)
	if err != nil {
		return inExpression(id, err)
	}
	q.expression = x
	return nil
}

func inExpression(id string, err error) error {
	return invalid("Error in expression '%s': %s", id, err.Error())
}

// check tells the type of a query. open are the expressions that are being checked.
func (p *plan) check(q *query, open map[string]bool) (metricmath.Type, error) {
	id := *q.Id
	if t, ok := p.types[id]; ok {
		return t, nil
	}
	if q.MetricStat != nil {
		p.types[id] = metricmath.Single
		return metricmath.Single, nil
	}
	if open[id] || len(open) > 50 {
		return 0, invalid("Error in expression '%s': expressions refer to each other in a circle or too deeply", id)
	}
	open[id] = true
	defer delete(open, id)
	known := map[string]metricmath.Type{}
	for _, other := range q.expression.References() {
		if o, ok := p.byID[other]; ok {
			t, err := p.check(o, open)
			if err != nil {
				return 0, err
			}
			known[other] = t
		}
	}
	t, err := q.expression.Check(known)
	if err != nil {
		return t, inExpression(id, err)
	}
	if t == metricmath.Word {
		return t, inExpression(id, errString)
	}
	p.types[id] = t
	return t, nil
}
