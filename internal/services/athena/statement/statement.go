package statement

// Statement is one statement.
type Statement interface {
	// Class gives StatementType (DDL, DML or UTILITY) and SubstatementType as Athena names them.
	Class() (kind, sub string)
}

// Name is the name of a table or database, in lower case. Catalog and Database are "" when they are not said.
type Name struct {
	Catalog, Database, Name string
	Pos                     Pos
}

// String joins the parts.
func (n Name) String() string {
	out := n.Name
	if n.Database != "" {
		out = n.Database + "." + out
	}
	if n.Catalog != "" {
		out = n.Catalog + "." + out
	}
	return out
}

// Column is a column, with its type in Hive's words.
type Column struct{ Name, Type, Comment string }

// Value is a property's value: a text, a number or a truth, or a list of them.
type Value struct {
	Text  string
	List  []string
	Array bool
}

// Pair is a key with its value, in the order in which they were written.
type Pair struct{ Key, Value string }

type (
	// Query is a query: SELECT, WITH, VALUES or TABLE.
	Query struct{ Text string }

	// ShowDatabases is SHOW DATABASES or SHOW SCHEMAS.
	ShowDatabases struct{ Like string }
	// ShowTables is SHOW TABLES or, with Views, SHOW VIEWS.
	ShowTables struct {
		Database Name // Name is "" for the query's own
		Like     string
		Views    bool
	}
	// ShowColumns is SHOW COLUMNS.
	ShowColumns struct{ Table Name }
	// ShowPartitions is SHOW PARTITIONS.
	ShowPartitions struct {
		Table Name
		Spec  []Pair
	}
	// ShowCreate is SHOW CREATE TABLE or, with View, SHOW CREATE VIEW.
	ShowCreate struct {
		Table Name
		View  bool
	}
	// ShowProperties is SHOW TBLPROPERTIES.
	ShowProperties struct {
		Table Name
		Key   string
	}
	// Describe is DESCRIBE of a table or a view, or of one column.
	Describe struct {
		Table    Name
		Extended bool // EXTENDED or FORMATTED
		Spec     []Pair
		Column   string
	}

	// CreateDatabase is CREATE DATABASE.
	CreateDatabase struct {
		Database          Name
		IfNotExists       bool
		Comment, Location string
		Properties        []Pair
	}
	// DropDatabase is DROP DATABASE.
	DropDatabase struct {
		Database          Name
		IfExists, Cascade bool
	}
	// AlterDatabase is ALTER DATABASE … SET DBPROPERTIES.
	AlterDatabase struct {
		Database   Name
		Properties []Pair
	}
	// CreateTable is CREATE [EXTERNAL] TABLE.
	CreateTable struct {
		Table                Name
		External, IfNotExist bool
		Columns              []Column
		Partitions           []Partition
		Comment              string
		Buckets              *Buckets
		Delimited            *Delimited
		Serde                string
		SerdeProperties      []Pair
		Format               string // of STORED AS, upper case
		Input, Output        string // of STORED AS INPUTFORMAT … OUTPUTFORMAT …
		Location             string
		Properties           []Pair
	}
	// DropTable is DROP TABLE or, with View, DROP VIEW.
	DropTable struct {
		Table    Name
		IfExists bool
		View     bool
	}
	// AlterTable is ALTER TABLE. One of the actions is set.
	AlterTable struct {
		Table  Name
		Spec   []Pair // of the partition that is altered, nil: the table
		Action any    // AddPartitions, DropPartitions, RenamePartition, SetLocation, SetProperties, AddColumns, ReplaceColumns, ChangeColumn, DropColumn
	}
	// Repair is MSCK REPAIR TABLE.
	Repair struct{ Table Name }

	// CreateView is CREATE [OR REPLACE] VIEW or, with Protected, CREATE [OR REPLACE] PROTECTED MULTI DIALECT VIEW.
	CreateView struct {
		View      Name
		Replace   bool
		Protected bool
		JSON      bool // SHOW VIEW JSON: the view is told, not made
		Query     string
	}
	// AlterView is ALTER VIEW … DIALECT. Action is ADD, UPDATE or DROP, which has no query.
	AlterView struct {
		View   Name
		Force  bool
		Action string
		JSON   bool
		Query  string
	}
	// CreateTableAs is CREATE TABLE … AS.
	CreateTableAs struct {
		Table      Name
		IfNotExist bool
		Properties map[string]Value
		Query      string
		Empty      bool // WITH NO DATA
	}
	// Insert is INSERT INTO.
	Insert struct {
		Table   Name
		Columns []string
		Query   string
	}
	// Unload is UNLOAD.
	Unload struct {
		Query      string
		To         string
		Properties map[string]Value
	}
	// Explain is EXPLAIN of another statement.
	Explain struct {
		Analyze bool
		Options map[string]string // FORMAT and TYPE, upper case
		Of      Statement
	}
	// Prepare is PREPARE … FROM.
	Prepare struct{ Name, Query string }
	// Execute is EXECUTE … USING. Values are expressions.
	Execute struct {
		Name   string
		Values []string
	}
	// Deallocate is DEALLOCATE PREPARE.
	Deallocate struct{ Name string }

	// Delete is DELETE FROM. Where is a condition, "" for all rows.
	Delete struct {
		Table Name
		Where string
	}
	// Update is UPDATE.
	Update struct {
		Table Name
		Set   []Assignment
		Where string
	}
	// Merge is MERGE INTO. Source is a table or a query in parentheses; both have an alias.
	Merge struct {
		Table       Name
		Alias       string
		Source, As  string // As is the alias, perhaps with names of columns
		SourceAlias string
		On          string
		Cases       []Case
	}
	// Optimize is OPTIMIZE … REWRITE DATA USING BIN_PACK.
	Optimize struct {
		Table Name
		Where string
	}
	// Vacuum is VACUUM.
	Vacuum struct{ Table Name }
)

// Assignment gives a column the value of an expression.
type Assignment struct{ Column, Value string }

// Case is a WHEN of a MERGE: delete, update (Set) or, of rows that aren't there, insert (Set).
type Case struct {
	Matched bool
	And     string // a condition, "" for always
	Delete  bool
	Set     []Assignment
}

// The actions of ALTER TABLE.
type (
	AddPartitions struct {
		IfNotExist bool
		Partitions []Located
	}
	DropPartitions struct {
		IfExists bool
		Specs    [][]Pair
	}
	RenamePartition struct{ To []Pair }
	SetLocation     struct{ Location string }
	SetProperties   struct {
		Properties []Pair
		Unset      bool
	}
	AddColumns     struct{ Columns []Column }
	ReplaceColumns struct{ Columns []Column }
	ChangeColumn   struct {
		Old   string
		New   Column
		First bool
		After string
	}
	DropColumn struct{ Name string }
)

// Located is a partition with where its data lies.
type Located struct {
	Spec     []Pair
	Location string
}

// Partition is a partition key or, of a table of Iceberg, a transform of a column.
type Partition struct {
	Column
	Transform string // as it was written: "bucket(16, id)"; "" when there is a type
}

// Buckets is CLUSTERED BY.
type Buckets struct {
	Columns []string
	Count   int
}

// Delimited is ROW FORMAT DELIMITED.
type Delimited struct{ Field, Escape, Collection, MapKey, Line, Null string }

// Class of each statement.
func (Query) Class() (string, string)          { return "DML", "SELECT" }
func (ShowDatabases) Class() (string, string)  { return "UTILITY", "SHOW_DATABASES" }
func (s ShowTables) Class() (string, string)   { return "UTILITY", "SHOW_TABLES" }
func (ShowColumns) Class() (string, string)    { return "UTILITY", "SHOW_COLUMNS" }
func (ShowPartitions) Class() (string, string) { return "UTILITY", "SHOW_PARTITIONS" }
func (s ShowCreate) Class() (string, string)   { return "UTILITY", "SHOW_CREATE_TABLE" }
func (ShowProperties) Class() (string, string) { return "UTILITY", "SHOW_TBLPROPERTIES" }
func (Describe) Class() (string, string)       { return "UTILITY", "DESCRIBE_TABLE" }
func (CreateDatabase) Class() (string, string) { return "DDL", "CREATE_DATABASE" }
func (DropDatabase) Class() (string, string)   { return "DDL", "DROP_DATABASE" }
func (AlterDatabase) Class() (string, string)  { return "DDL", "ALTER_DATABASE" }
func (CreateTable) Class() (string, string)    { return "DDL", "CREATE_TABLE" }
func (s DropTable) Class() (string, string) {
	if s.View {
		return "DDL", "DROP_VIEW"
	}
	return "DDL", "DROP_TABLE"
}
func (AlterTable) Class() (string, string)    { return "DDL", "ALTER_TABLE" }
func (Repair) Class() (string, string)        { return "DDL", "MSCK_REPAIR_TABLE" }
func (CreateView) Class() (string, string)    { return "DDL", "CREATE_VIEW" }
func (AlterView) Class() (string, string)     { return "DDL", "ALTER_VIEW" }
func (CreateTableAs) Class() (string, string) { return "DDL", "CREATE_TABLE_AS_SELECT" }
func (Insert) Class() (string, string)        { return "DML", "INSERT" }
func (Unload) Class() (string, string)        { return "DML", "UNLOAD" }
func (Explain) Class() (string, string)       { return "UTILITY", "EXPLAIN" }
func (Prepare) Class() (string, string)       { return "UTILITY", "PREPARE" }
func (Execute) Class() (string, string)       { return "DML", "EXECUTE" }
func (Deallocate) Class() (string, string)    { return "UTILITY", "DEALLOCATE_PREPARE" }
func (Delete) Class() (string, string)        { return "DML", "DELETE" }
func (Update) Class() (string, string)        { return "DML", "UPDATE" }
func (Merge) Class() (string, string)         { return "DML", "MERGE" }
func (Optimize) Class() (string, string)      { return "DML", "OPTIMIZE" }
func (Vacuum) Class() (string, string)        { return "DML", "VACUUM" }
