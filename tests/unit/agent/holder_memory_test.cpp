#include "agent/pull/holder_memory.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::pull;

namespace {

const holder::Node node{"10.0.0.7", 7073};

holder::Node numbered(int number) {
  return {"10.0.0." + std::to_string(number), 7073};
}

HolderMemory after_answers(std::vector<int> milliseconds) {
  HolderMemory memory;
  for (const int took : milliseconds) memory.note_answer(node, Milliseconds(took), Time());
  return memory;
}

}  // namespace

TEST_CASE("a further node is asked after the time that all but a tenth of the recent answers took") {
  CHECK(after_answers({90, 10, 80, 20, 70, 30, 60, 40}).hedge_after() == Milliseconds(90));
  CHECK(after_answers({60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 200, 200}).hedge_after() ==
        Milliseconds(200));
  CHECK(after_answers({60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 2'000}).hedge_after() ==
        Milliseconds(78));
}

TEST_CASE("it is never asked at once, and never later than a pull can bear") {
  CHECK(after_answers(std::vector<int>(20, 1)).hedge_after() == Milliseconds(50));
  CHECK(after_answers(std::vector<int>(20, 5'000)).hedge_after() == Milliseconds(250));
  CHECK(after_answers({1, 1, 1}).hedge_after() == Milliseconds(150));
}

TEST_CASE("only the latest answers count") {
  std::vector<int> answers(100, 5'000);
  answers.insert(answers.end(), 32, 60);
  CHECK(after_answers(answers).hedge_after() == Milliseconds(60));
}

TEST_CASE("a node that failed is asked last for its rest and a minute, and an answer ends that") {
  HolderMemory memory;
  CHECK(memory.note_failure(node, Time()));
  CHECK(memory.avoids(node, Time()));
  CHECK_FALSE(memory.avoids({"10.0.0.7", 7074}, Time()));
  CHECK(memory.avoids(node, Time() + Milliseconds(64'000)));
  CHECK_FALSE(memory.avoids(node, Time() + Milliseconds(66'000)));
  memory.note_answer(node, Milliseconds(10), Time());
  CHECK_FALSE(memory.avoids(node, Time()));
}

TEST_CASE("a node that was overtaken is asked last for its rest and a minute, and an answer ends that") {
  HolderMemory memory;
  memory.note_overtaken(node, Time());
  CHECK(memory.avoids(node, Time()));
  CHECK(memory.avoids(node, Time() + Milliseconds(64'000)));
  CHECK_FALSE(memory.avoids(node, Time() + Milliseconds(66'000)));
  memory.note_answer(node, Milliseconds(10), Time());
  CHECK_FALSE(memory.avoids(node, Time()));
}

TEST_CASE("when more than a third of the nodes were overtaken links are full, and none of them is asked last") {
  HolderMemory memory;
  for (int number = 1; number <= 4; ++number) memory.note_answer(numbered(number), Milliseconds(10), Time());
  memory.note_overtaken(numbered(5), Time());
  memory.note_overtaken(numbered(6), Time());
  CHECK(memory.avoids(numbered(5), Time()));
  memory.note_overtaken(numbered(4), Time());
  for (int number = 1; number <= 6; ++number) CHECK_FALSE(memory.avoids(numbered(number), Time()));
  CHECK_FALSE(memory.are_few_overtaken(Time()));
  memory.note_failure(numbered(1), Time());  // what failed is asked last all the same
  CHECK(memory.avoids(numbered(1), Time()));
}

TEST_CASE("nodes that were last heard of more than a minute ago do not make those that were overtaken few") {
  HolderMemory memory;
  for (int number = 1; number <= 4; ++number) memory.note_answer(numbered(number), Milliseconds(10), Time());
  const Time later = Time() + Milliseconds(61'000);
  memory.note_overtaken(numbered(5), later);
  memory.note_overtaken(numbered(6), later);
  CHECK_FALSE(memory.are_few_overtaken(later));
}
