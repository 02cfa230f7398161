package lakeformation

import (
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// timeForm is how LAST_MODIFIED is compared: as text that sorts like time.
const timeForm = "2006-01-02T15:04:05.000Z"

// meets tells whether a location meets all conditions of ListResources.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_FilterCondition.html
func meets(r governance.Registered, conditions []types.FilterCondition) (bool, error) {
	for _, c := range conditions {
		value := ""
		switch c.Field {
		case types.FieldNameStringResourceArn:
			value = r.ARN
		case types.FieldNameStringRoleArn:
			value = r.Role
		case types.FieldNameStringLastModified:
			value = r.Updated.UTC().Format(timeForm)
		default:
			return false, invalid("A filter condition needs a field.")
		}
		ok, err := compare(value, c)
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

func compare(value string, c types.FilterCondition) (bool, error) {
	want := 1
	switch c.ComparisonOperator {
	case types.ComparisonOperatorIn:
		return slices.Contains(c.StringValueList, value), nil
	case types.ComparisonOperatorBetween:
		want = 2
	}
	if len(c.StringValueList) != want {
		return false, invalid("The comparison %s takes %d values.", c.ComparisonOperator, want)
	}
	first := c.StringValueList[0]
	switch c.ComparisonOperator {
	case types.ComparisonOperatorEq:
		return value == first, nil
	case types.ComparisonOperatorNe:
		return value != first, nil
	case types.ComparisonOperatorLe:
		return value <= first, nil
	case types.ComparisonOperatorLt:
		return value < first, nil
	case types.ComparisonOperatorGe:
		return value >= first, nil
	case types.ComparisonOperatorGt:
		return value > first, nil
	case types.ComparisonOperatorContains:
		return strings.Contains(value, first), nil
	case types.ComparisonOperatorNotContains:
		return !strings.Contains(value, first), nil
	case types.ComparisonOperatorBeginsWith:
		return strings.HasPrefix(value, first), nil
	case types.ComparisonOperatorBetween:
		return value >= first && value <= c.StringValueList[1], nil
	}
	return false, invalid("A filter condition needs a comparison.")
}
