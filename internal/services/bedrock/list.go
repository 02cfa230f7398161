package bedrock

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
)

// newID makes an id as Bedrock's are: 12 small letters and digits.
func newID() string { return strings.ToLower(rand.Text()[:12]) }

func sortBy[T any](list []T, key func(T) string) {
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
}

// paged cuts a list by time, the newest first unless asked otherwise.
func paged[T any](ctx context.Context, list []T, at func(T) (time.Time, string), order types.SortOrder, limit *int32, token *string) ([]T, *string, error) {
	key := func(v T) string {
		t, id := at(v)
		n := t.UnixNano()
		if order != types.SortOrderAscending {
			n = 1<<62 - n
		}
		return fmt.Sprintf("%019d/%s", n, id)
	}
	sortBy(list, key)
	return page(ctx, list, key, limit, token)
}
