package governance

import (
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Default is a grant that every new database or table begins with.
type Default struct {
	Principal   string
	Permissions Permissions
}

// Settings are the data lake settings of an account in a region.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_DataLakeSettings.html
type Settings struct {
	Admins, ReadOnlyAdmins     []string
	DatabaseDefaults           []Default
	TableDefaults              []Default
	Parameters                 map[string]string
	TrustedOwners              []string
	ExternalFiltering          bool     // engines of others may be given tables that they have to cut themselves
	FullTableAccess            bool     // whoever may select all of a table gets credentials for its files
	ExternalFilteringAllowList []string // accounts whose engines they are
	AuthorizedSessionTagValues []string // what such an engine's session tag LakeFormationAuthorizedCaller says
	CreateDatabaseIsNotForIAM  bool     // the grant of CREATE_DATABASE to AllowedByIAM that every account begins with was revoked
}

// FirstSettings are those of an account that never changed them: IAM alone decides.
func FirstSettings() Settings {
	d := []Default{{Principal: AllowedByIAM, Permissions: All}}
	return Settings{DatabaseDefaults: d, TableDefaults: d, Parameters: map[string]string{"CROSS_ACCOUNT_VERSION": "4", "SET_CONTEXT": "TRUE"}}
}

func settingsKey(account, region string) store.Key {
	return store.Key{Account: account, Region: region, ID: "settings"}
}

// Registered is a location whose data is governed.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_ResourceInfo.html
type Registered struct {
	Path          string // "bucket/prefix"
	ARN           string // as it was given
	Role          string // ARN of the role that reads and writes it
	ServiceLinked bool
	Hybrid        bool // only principals that opted in are governed
	Federation    bool
	Privileged    bool
	Updated       time.Time
}

// OptIn puts a principal under governance where IAM would still let it in.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/hybrid-access-mode.html
type OptIn struct {
	Principal string
	Resource  Resource
	By        string
	Updated   time.Time
}

// Key is where the opt-in is kept.
func (o OptIn) Key(region string) store.Key {
	return store.Key{Account: o.Resource.Account(), Region: region, ID: o.Resource.Key() + Separator + o.Principal}
}

// TagDefinition is a tag that may be put on resources, with its possible values.
type TagDefinition struct {
	Key    string
	Values []string
}

// Tagged holds the tags of one database or table, and of its columns.
type Tagged struct {
	Resource Resource
	Tags     map[string]string
	Columns  map[string]map[string]string `json:",omitempty"`
}

// SavedExpression is a tag expression under a name.
type SavedExpression struct {
	Name, Description string
	Expression        []TagValues
}
