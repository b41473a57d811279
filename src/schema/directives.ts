import {
  DirectiveLocation,
  GraphQLDeprecatedDirective,
  GraphQLDirective,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  GraphQLSpecifiedByDirective,
} from 'graphql';

/** graphql-js adds locations of later specifications. Clients refuse a schema with a location that they do not know. */
const deprecatedDirective = new GraphQLDirective({
  ...GraphQLDeprecatedDirective.toConfig(),
  locations: [
    DirectiveLocation.FIELD_DEFINITION,
    DirectiveLocation.ARGUMENT_DEFINITION,
    DirectiveLocation.INPUT_FIELD_DEFINITION,
    DirectiveLocation.ENUM_VALUE,
  ],
});

/** The directives of the October 2021 specification: https://spec.graphql.org/October2021/#sec-Type-System.Directives */
export const directives: readonly GraphQLDirective[] = [
  GraphQLSkipDirective,
  GraphQLIncludeDirective,
  deprecatedDirective,
  GraphQLSpecifiedByDirective,
];
