import type { Choice } from './choices';
import type { Job } from './job-draft';
import { Bar, BASE, Due } from './policy-pictures';

export const OVERLAPS: readonly Choice<Job['overlap']>[] = [
  {
    value: 'allow',
    word: 'Run beside it',
    text: 'Both go on at once.',
    picture: (
      <>
        {BASE}
        <Due at={10} />
        <Due at={60} />
        <Bar x={10} w={75} />
        <Bar x={60} w={50} y={7} />
      </>
    ),
  },
  {
    value: 'skip',
    word: 'Skip',
    text: 'Recorded as skipped.',
    picture: (
      <>
        {BASE}
        <Due at={10} />
        <Due at={60} missed />
        <Bar x={10} w={75} />
        <Bar x={60} w={50} y={7} look="none" />
      </>
    ),
  },
  {
    value: 'queueOne',
    word: 'Wait, one at most',
    text: 'The newest waits; others are skipped.',
    picture: (
      <>
        {BASE}
        <Due at={10} />
        <Due at={35} missed />
        <Due at={60} />
        <Bar x={10} w={65} />
        <Bar x={60} w={15} y={7} look="wait" />
        <Bar x={77} w={40} />
      </>
    ),
  },
  {
    value: 'queueAll',
    word: 'Wait, all of them',
    text: 'One after the other.',
    picture: (
      <>
        {BASE}
        <Due at={10} />
        <Due at={26} />
        <Due at={44} />
        <Bar x={10} w={40} />
        <Bar x={52} w={30} />
        <Bar x={84} w={30} />
        <Bar x={26} w={25} y={8} look="wait" />
        <Bar x={44} w={39} y={-1} look="wait" />
      </>
    ),
  },
  {
    value: 'cancelRunning',
    word: 'Cancel the old one',
    text: 'The new one takes its place.',
    picture: (
      <>
        {BASE}
        <Due at={10} />
        <Due at={60} />
        <Bar x={10} w={48} look="cut" />
        <Bar x={62} w={50} />
      </>
    ),
  },
];
