import { Field, Int, ObjectType } from "type-graphql";
import { EngineStatus } from "./enumerations.js";

@ObjectType({ description: "The engine that trains, inside the server's own process." })
export class Engine {
  @Field(() => EngineStatus, { description: "What it is doing." })
  status!: EngineStatus;

  @Field(() => Int, { description: "Threads that one operation of TensorFlow uses; results depend on it." })
  threads!: number;
}
