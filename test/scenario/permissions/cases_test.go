package permissions

// question is one row of the table. Before it is asked, its steps are made, in a database of its own with the tables
// orders (order_id, customer_id, country; partitioned by day) and items (item_id, price), which Lake Formation governs.
//
// A step is "<who> <PERMISSIONS> <resource>", a grant by P's administrator; "-" before it makes it a revoke, "<by>:" names
// another who grants, "+" behind the permissions grants them with the grant option. Resources: catalog, db, orders,
// orders(a,b), orders(-a), orders[filter], * (all tables), location, tag:key=value (tables), dbtag:key=value. Other steps are
// "tag <resource> key=value", "iam <resource>" (leave it to IAM), "drop orders" and "again orders".
// Principals: ann and bob are users of P, rob is the session of a role (mia that of one of M) which an engine runs with, rita a read-only administrator, nora has no IAM rights, mona is
// the administrator of M and mike its user, cora that of C, who never takes an invitation.
//
// want is ok, denied, missing, or what the call shows: columns or names.
type question struct {
	steps []string
	who   string
	call  string
	want  string
}

func on(steps ...string) []string { return steps }

const everything = "order_id customer_id country"

var questions = []question{
	// Nothing granted.
	{nil, "ann", "GetTable orders", "denied"},
	{nil, "ann", "GetDatabase", "denied"},
	{nil, "ann", "GetTables", ""},
	{nil, "ann", "GetTable nothing", "denied"},
	{nil, "ann", "SearchTables", ""},
	{nil, "ann", "GetPartitions orders", "denied"},
	{nil, "ann", "UpdateTable orders", "denied"},
	{nil, "ann", "DeleteTable orders", "denied"},
	{nil, "ann", "DeleteDatabase", "denied"},
	{nil, "ann", "CreateTable", "denied"},
	{nil, "ann", "Credentials orders", "denied"},
	{nil, "ann", "Grant bob SELECT orders", "denied"},
	// Administrators.
	{nil, "admin", "GetTable orders", everything},
	{nil, "admin", "GetTables", "items orders"},
	{nil, "admin", "GetTable nothing", "missing"},
	{nil, "admin", "Grant bob SELECT orders", "ok"},
	{nil, "rita", "GetTable orders", everything},
	{nil, "rita", "GetDatabase", "ok"},
	{nil, "rita", "Grant bob SELECT orders", "denied"},
	{nil, "rita", "UpdateTable orders", "denied"},
	{nil, "rita", "Credentials orders", "denied"},
	// A table.
	{on("ann SELECT orders"), "ann", "GetTable orders", everything},
	{on("ann SELECT orders"), "ann", "GetTable items", "denied"},
	{on("ann SELECT orders"), "bob", "GetTable orders", "denied"},
	{on("ann SELECT orders"), "ann", "GetTables", "orders"},
	{on("ann SELECT orders"), "ann", "SearchTables", "orders"},
	{on("ann SELECT orders"), "ann", "GetDatabase", "ok"},
	{on("ann SELECT orders"), "ann", "GetPartitions orders", "1"},
	{on("ann SELECT orders"), "ann", "Credentials orders", "ok"},
	{on("ann SELECT orders"), "ann", "UpdateTable orders", "denied"},
	{on("ann SELECT orders"), "ann", "DeleteTable orders", "denied"},
	{on("ann SELECT orders"), "ann", "CreateTable", "denied"},
	{on("ann SELECT orders"), "ann", "Grant bob SELECT orders", "denied"},
	{on("ann DESCRIBE orders"), "ann", "GetTable orders", everything},
	{on("ann DESCRIBE orders"), "ann", "Credentials orders", "denied"},
	{on("ann DESCRIBE orders"), "ann", "GetPartitions orders", "1"},
	{on("ann DESCRIBE orders"), "ann", "GetTables", "orders"},
	{on("ann ALTER orders"), "ann", "UpdateTable orders", "ok"},
	{on("ann ALTER orders"), "ann", "GetTable orders", everything},
	{on("ann ALTER orders"), "ann", "DeleteTable orders", "denied"},
	{on("ann ALTER orders"), "ann", "Credentials orders", "denied"},
	{on("ann DROP orders"), "ann", "DeleteTable orders", "ok"},
	{on("ann DROP orders"), "ann", "UpdateTable orders", "denied"},
	{on("ann ALL orders"), "ann", "UpdateTable orders", "ok"},
	{on("ann ALL orders"), "ann", "DeleteTable orders", "ok"},
	{on("ann ALL orders"), "ann", "Credentials orders", "ok"},
	{on("ann ALL orders"), "ann", "Grant bob SELECT orders", "denied"},
	{on("ann SELECT orders", "ann SELECT items"), "ann", "GetTables", "items orders"},
	{on("ann SELECT orders"), "ann", "GetTable nothing", "missing"},
	// Revokes.
	{on("ann SELECT orders", "-ann SELECT orders"), "ann", "GetTable orders", "denied"},
	{on("ann SELECT,DESCRIBE orders", "-ann SELECT orders"), "ann", "Credentials orders", "denied"},
	{on("ann SELECT,DESCRIBE orders", "-ann SELECT orders"), "ann", "GetTable orders", everything},
	{on("ann ALTER,DROP orders", "-ann DROP orders"), "ann", "UpdateTable orders", "ok"},
	{on("ann ALTER,DROP orders", "-ann DROP orders"), "ann", "DeleteTable orders", "denied"},
	{on("ann SELECT *", "-ann SELECT *"), "ann", "GetTables", ""},
	// Columns.
	{on("ann SELECT orders(order_id,country)"), "ann", "GetTable orders", "order_id country"},
	{on("ann SELECT orders(order_id,country)"), "ann", "GetTables", "orders"},
	{on("ann SELECT orders(-customer_id)"), "ann", "GetTable orders", "order_id country"},
	{on("ann SELECT orders(-customer_id)"), "ann", "Columns orders", "order_id country"},
	{on("ann SELECT orders(-customer_id)"), "ann", "Search customer_id", ""},
	{on("ann SELECT orders(-customer_id)"), "ann", "Search country", "orders"},
	{on("ann SELECT orders(order_id)"), "ann", "Credentials orders", "denied"},
	{on("ann SELECT orders(order_id)", "ann SELECT orders(country)"), "ann", "GetTable orders", "order_id country"},
	{on("ann SELECT orders(order_id)", "ann SELECT orders(-order_id)"), "ann", "GetTable orders", everything},
	{on("ann SELECT orders(order_id,country)", "-ann SELECT orders(country)"), "ann", "GetTable orders", "order_id"},
	{on("ann SELECT orders(order_id)", "ann SELECT orders"), "ann", "GetTable orders", everything},
	{on("ann SELECT orders(ORDER_ID)"), "ann", "GetTable orders", "order_id"},
	{on("ann SELECT orders(order_id)"), "ann", "UpdateTable orders", "denied"},
	{on("ann SELECT orders(order_id)"), "ann", "GetPartitions orders", "1"},
	// Data cells filters.
	{on("ann SELECT orders[uk]"), "ann", "GetTable orders", everything},
	{on("rob SELECT orders[uk]"), "rob", "Rows orders", "country='UK'"},
	{on("ann SELECT orders[uk]"), "ann", "Credentials orders", "denied"},
	{on("ann SELECT orders[few]"), "ann", "GetTable orders", "order_id country"},
	{on("ann SELECT orders[few]"), "ann", "Credentials orders", "denied"},
	{on("ann SELECT orders[both]"), "ann", "GetTable orders", "order_id country"},
	{on("rob SELECT orders[both]"), "rob", "Rows orders", "country='UK'"},
	{on("rob SELECT orders[uk]", "rob SELECT orders"), "rob", "Rows orders", ""},
	{on("ann SELECT orders[uk]"), "ann", "Rows orders", "denied"},
	{on("ann SELECT orders[uk]", "ann SELECT orders"), "ann", "Credentials orders", "ok"},
	{on("ann SELECT orders[uk]", "-ann SELECT orders[uk]"), "ann", "GetTable orders", "denied"},
	{on("ann SELECT orders[uk]"), "bob", "GetTable orders", "denied"},
	{on("ann SELECT orders[uk]"), "ann", "GetTables", "orders"},
	// All tables of a database.
	{on("ann SELECT *"), "ann", "GetTables", "items orders"},
	{on("ann SELECT *"), "ann", "GetTable items", "item_id price"},
	{on("ann SELECT *"), "ann", "GetDatabase", "ok"},
	{on("ann SELECT *"), "ann", "CreateTable", "denied"},
	{on("ann SELECT *", "again orders"), "ann", "GetTable orders", everything},
	{on("ann DROP *"), "ann", "DeleteTable items", "ok"},
	// The database.
	{on("ann DESCRIBE db"), "ann", "GetDatabase", "ok"},
	{on("ann DESCRIBE db"), "ann", "GetTable orders", "denied"},
	{on("ann DESCRIBE db"), "ann", "GetTables", ""},
	{on("ann DESCRIBE db"), "ann", "GetTable nothing", "missing"},
	{on("ann CREATE_TABLE db"), "ann", "CreateTable", "ok"},
	{on("ann CREATE_TABLE db"), "ann", "GetTable orders", "denied"},
	{on("ann CREATE_TABLE db"), "ann", "CreateThenGet", "ok"},
	{on("ann CREATE_TABLE db"), "ann", "CreateThenDelete", "ok"},
	{on("ann CREATE_TABLE db"), "ann", "CreateThenGrant", "ok"},
	{on("ann CREATE_TABLE db"), "ann", "CreateRegistered", "denied"},
	{on("ann CREATE_TABLE db", "ann DATA_LOCATION_ACCESS location"), "ann", "CreateRegistered", "ok"},
	{on("ann ALTER db"), "ann", "UpdateDatabase", "ok"},
	{on("ann ALTER db"), "ann", "DeleteDatabase", "denied"},
	{on("ann DROP db"), "ann", "DeleteDatabase", "ok"},
	{on("ann ALL db"), "ann", "CreateTable", "ok"},
	{on("ann ALL db"), "ann", "GetTable orders", "denied"},
	// The catalog.
	{nil, "ann", "CreateDatabase", "denied"},
	{on("ann CREATE_DATABASE catalog"), "ann", "CreateDatabase", "ok"},
	{on("ann CREATE_DATABASE catalog"), "bob", "CreateDatabase", "denied"},
	// The grant option.
	{on("ann SELECT+ orders"), "ann", "Grant bob SELECT orders", "ok"},
	{on("ann SELECT+ orders"), "ann", "Grant bob ALTER orders", "denied"},
	{on("ann SELECT+ orders"), "ann", "Grant bob SELECT items", "denied"},
	{on("ann SELECT+ orders", "ann:bob SELECT orders"), "bob", "GetTable orders", everything},
	{on("ann SELECT+ orders(order_id)", "ann:bob SELECT orders(order_id)"), "bob", "GetTable orders", "order_id"},
	{on("ann SELECT+ orders(order_id)"), "ann", "Grant bob SELECT orders", "denied"},
	{on("ann SELECT+ orders(order_id)"), "ann", "Grant bob SELECT orders(country)", "denied"},
	// Tags.
	{on("tag orders level=open", "ann SELECT tag:level=open"), "ann", "GetTable orders", everything},
	{on("tag orders level=open", "ann SELECT tag:level=open"), "ann", "GetTable items", "denied"},
	{on("tag orders level=open", "ann SELECT tag:level=open"), "ann", "GetTables", "orders"},
	{on("tag db level=open", "ann SELECT tag:level=open"), "ann", "GetTables", "items orders"},
	{on("tag db level=open", "tag orders level=secret", "ann SELECT tag:level=open"), "ann", "GetTables", "items"},
	{on("tag orders level=open", "tag orders(customer_id) level=secret", "ann SELECT tag:level=open"), "ann", "GetTable orders", "order_id country"},
	{on("tag orders(country) level=open", "ann SELECT tag:level=open"), "ann", "GetTable orders", "country"},
	{on("tag orders level=open", "ann SELECT tag:level=secret"), "ann", "GetTable orders", "denied"},
	{on("tag db level=open", "ann DESCRIBE dbtag:level=open"), "ann", "GetDatabase", "ok"},
	{on("tag db level=open", "ann CREATE_TABLE dbtag:level=open"), "ann", "CreateTable", "ok"},
	{on("tag orders level=open", "ann SELECT tag:level=open", "-ann SELECT tag:level=open"), "ann", "GetTable orders", "denied"},
	{on("tag orders level=open", "ann SELECT tag:level=open"), "ann", "Credentials orders", "ok"},
	// What is left to IAM.
	{on("iam orders"), "ann", "GetTable orders", everything},
	{on("iam orders"), "ann", "UpdateTable orders", "ok"},
	{on("iam orders"), "ann", "GetTable items", "denied"},
	{on("iam orders"), "nora", "GetTable orders", "denied"},
	{on("iam db"), "ann", "GetDatabase", "ok"},
	{on("iam db"), "ann", "CreateTable", "ok"},
	{on("iam db"), "ann", "GetTable orders", "denied"},
	// IAM has its own say.
	{on("nora SELECT orders"), "nora", "GetTable orders", "denied"},
	{on("nora ALL orders"), "nora", "DeleteTable orders", "denied"},
	// A role is its sessions.
	{on("rob SELECT orders"), "rob", "GetTable orders", everything},
	{on("rob SELECT orders(order_id)"), "rob", "GetTable orders", "order_id"},
	{nil, "rob", "GetTable orders", "denied"},
	{on("everyone SELECT orders"), "ann", "GetTable orders", everything},
	{on("everyone SELECT orders"), "mona", "GetTable orders", "denied"},
	// Other accounts.
	{nil, "mona", "GetTable orders", "denied"},
	{on("M SELECT orders"), "mona", "GetTable orders", everything},
	{on("M SELECT orders"), "mona", "GetTables", "orders"},
	{on("M SELECT orders"), "mike", "GetTable orders", "denied"},
	{on("M SELECT orders"), "mona", "GetTable items", "denied"},
	{on("M SELECT orders(-customer_id)"), "mona", "GetTable orders", "order_id country"},
	{on("M SELECT+ orders[uk]", "mona:mia SELECT orders[uk]"), "mia", "Rows orders", "country='UK'"},
	{on("M SELECT orders[uk]"), "mona", "Rows orders", "denied"},
	{on("M SELECT *"), "mona", "GetTables", "items orders"},
	{on("M SELECT orders"), "mona", "UpdateTable orders", "denied"},
	{on("M SELECT orders"), "mona", "Credentials orders", "ok"},
	{on("M SELECT+ orders", "mona:mike SELECT orders"), "mike", "GetTable orders", everything},
	{on("M SELECT+ orders", "mona:mike SELECT orders(order_id)"), "mike", "GetTable orders", "order_id"},
	{on("M SELECT+ orders(-customer_id)", "mona:mike SELECT orders(-customer_id)"), "mike", "GetTable orders", "order_id country"},
	{on("M SELECT+ orders", "mona:mike SELECT orders", "-M SELECT+ orders"), "mike", "GetTable orders", "denied"},
	{on("M SELECT+ orders", "mona:mike SELECT orders", "-mona:mike SELECT orders"), "mike", "GetTable orders", "denied"},
	{on("M SELECT orders", "-M SELECT orders"), "mona", "GetTable orders", "denied"},
	{on("M SELECT orders(order_id)"), "mona", "Grant mike SELECT orders", "denied"},
	{on("M SELECT orders", "again orders"), "mona", "GetTable orders", "denied"},
	{on("C SELECT orders"), "cora", "GetTable orders", "denied"},
	{on("M SELECT+ orders", "mona:C SELECT orders"), "cora", "GetTable orders", "denied"},
	{on("ann SELECT orders", "again orders"), "ann", "GetTable orders", "denied"},
}
