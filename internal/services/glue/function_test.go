package glue_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestFunctions(t *testing.T) {
	f := open(t)
	f.database("sales")
	f.database("other")
	create := func(db, name string) error {
		_, err := f.CreateUserDefinedFunction(t.Context(), &glue.CreateUserDefinedFunctionInput{DatabaseName: &db, FunctionInput: &types.UserDefinedFunctionInput{
			FunctionName: &name, ClassName: aws.String("org.example." + name), OwnerName: aws.String("me"), OwnerType: types.PrincipalTypeUser,
			ResourceUris: []types.ResourceUri{{ResourceType: types.ResourceTypeJar, Uri: aws.String("s3://lake/f.jar")}}}})
		return err
	}
	f.ok(create("sales", "Tax_DE"))
	f.ok(create("sales", "tax_fr"))
	f.ok(create("sales", "round2"))
	f.ok(create("other", "tax_it"))
	f.fails("again", create("sales", "tax_de"), "AlreadyExistsException", "Function already exists.")
	f.fails("no database", create("nothing", "x"), "EntityNotFoundException", "Database nothing not found.")

	list := func(in glue.GetUserDefinedFunctionsInput, want string) *string {
		t.Helper()
		out, err := f.GetUserDefinedFunctions(t.Context(), &in)
		f.ok(err)
		if got := names(out.UserDefinedFunctions, func(f types.UserDefinedFunction) *string { return f.FunctionName }); got != want {
			t.Errorf("%s: %s, want %s", aws.ToString(in.Pattern), got, want)
		}
		return out.NextToken
	}
	sales := aws.String("sales")
	list(glue.GetUserDefinedFunctionsInput{DatabaseName: sales, Pattern: aws.String("*")}, "round2 tax_de tax_fr")
	list(glue.GetUserDefinedFunctionsInput{DatabaseName: sales, Pattern: aws.String("tax*")}, "tax_de tax_fr")
	list(glue.GetUserDefinedFunctionsInput{DatabaseName: sales, Pattern: aws.String("TAX_DE|round.")}, "round2 tax_de")
	list(glue.GetUserDefinedFunctionsInput{Pattern: aws.String("tax.*")}, "tax_it tax_de tax_fr")
	list(glue.GetUserDefinedFunctionsInput{DatabaseName: sales, Pattern: aws.String("nothing")}, "")
	next := list(glue.GetUserDefinedFunctionsInput{DatabaseName: sales, Pattern: aws.String("*"), MaxResults: aws.Int32(2)}, "round2 tax_de")
	list(glue.GetUserDefinedFunctionsInput{DatabaseName: sales, Pattern: aws.String("*"), MaxResults: aws.Int32(2), NextToken: next}, "tax_fr")
	_, err := f.GetUserDefinedFunctions(t.Context(), &glue.GetUserDefinedFunctionsInput{DatabaseName: sales, Pattern: aws.String("(")})
	f.fails("pattern", err, "InvalidInputException", "is not valid")

	_, err = f.UpdateUserDefinedFunction(t.Context(), &glue.UpdateUserDefinedFunctionInput{DatabaseName: sales, FunctionName: aws.String("tax_de"),
		FunctionInput: &types.UserDefinedFunctionInput{ClassName: aws.String("org.example.New")}})
	f.ok(err)
	got, err := f.GetUserDefinedFunction(t.Context(), &glue.GetUserDefinedFunctionInput{DatabaseName: sales, FunctionName: aws.String("TAX_DE")})
	f.ok(err)
	if u := got.UserDefinedFunction; *u.ClassName != "org.example.New" || *u.FunctionName != "tax_de" || !u.CreateTime.Equal(f.clock.Now()) || u.OwnerName != nil {
		t.Errorf("%+v", u)
	}
	_, err = f.UpdateUserDefinedFunction(t.Context(), &glue.UpdateUserDefinedFunctionInput{DatabaseName: sales, FunctionName: aws.String("tax_de"),
		FunctionInput: &types.UserDefinedFunctionInput{FunctionName: aws.String("x")}})
	f.fails("rename", err, "InvalidInputException", "renamed")
	_, err = f.DeleteUserDefinedFunction(t.Context(), &glue.DeleteUserDefinedFunctionInput{DatabaseName: sales, FunctionName: aws.String("tax_de")})
	f.ok(err)
	_, err = f.DeleteUserDefinedFunction(t.Context(), &glue.DeleteUserDefinedFunctionInput{DatabaseName: sales, FunctionName: aws.String("tax_de")})
	f.fails("delete of none", err, "EntityNotFoundException", "not found")
	narrow := f.user("narrow", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"glue:*","Resource":["arn:aws:glue:*:*:catalog","arn:aws:glue:*:*:database/*","arn:aws:glue:*:*:userDefinedFunction/sales/tax_fr"]}]}`)
	_, err = f.as(narrow).GetUserDefinedFunction(t.Context(), &glue.GetUserDefinedFunctionInput{DatabaseName: sales, FunctionName: aws.String("tax_fr")})
	f.ok(err)
	_, err = f.as(narrow).GetUserDefinedFunction(t.Context(), &glue.GetUserDefinedFunctionInput{DatabaseName: sales, FunctionName: aws.String("round2")})
	f.fails("IAM", err, "AccessDeniedException", "userDefinedFunction/sales/round2")

	_, err = f.DeleteDatabase(t.Context(), &glue.DeleteDatabaseInput{Name: sales})
	f.ok(err)
	f.database("sales")
	list(glue.GetUserDefinedFunctionsInput{DatabaseName: sales, Pattern: aws.String("*")}, "")
}
